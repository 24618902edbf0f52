"""Matrix products and contractions: values, gradients, and every place where rows can lie."""

import numpy as np
import pytest

from dtrain import ops
from dtrain.graph import Trace, tracing
from tests.ops.gradcheck import check, check_divided

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


@pytest.mark.parametrize(
    "shapes",
    [
        ((5, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 2)),
        ((5, 2, 3), (4, 1, 3, 2)),
        ((3,), (3, 4)),
        ((5, 3), (3,)),
        ((3,), (3,)),
        ((4, 3), (5, 3, 2)),
        ((0, 3), (3, 4)),
        ((5, 0), (0, 4)),
    ],
)
def test_matmul_has_numpys_values(shapes):
    a, b = (normal(*s) for s in shapes)
    (y,) = check(ops.matmul, a, b)
    np.testing.assert_allclose(y, a @ b, rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "shapes", "batched"),
    [
        (ops.matmul, [(5, 3), (3, 4)], (True, False)),
        (ops.matmul, [(5, 2, 3), (3, 4)], (True, False)),
        (lambda x, w: ops.matmul(ops.transpose(x, (1, 0, 2)), w), [(5, 2, 3), (3, 4)], (True, False)),
        (ops.matmul, [(5, 2, 3), (5, 3, 2)], (True, True)),
        (ops.matmul, [(4, 3), (5, 3, 2)], (False, True)),
        (lambda a, b: ops.matmul(ops.transpose(a), b), [(5, 3), (5, 2)], (True, True)),
        (lambda a, b: ops.matmul(b, ops.transpose(a)), [(5, 3), (4, 3)], (True, False)),
        (lambda x: ops.matmul(x, ops.sum(x, 0)), [(5, 3)], (True,)),
    ],
)
def test_matmul_does_not_depend_on_how_rows_are_divided(function, shapes, batched):
    check_divided(function, *(normal(*s) for s in shapes), batched=batched)


def test_of_a_product_of_all_rows_with_all_rows_each_process_has_its_own_rows():
    x = normal(5, 3)
    check(lambda x: ops.matmul(x, ops.transpose(x)), x)
    for function in (lambda x: ops.matmul(x, ops.transpose(x)), lambda x: ops.matmul(x, x[:3])):
        check_divided(function, x, batched=(True,))
    trace = Trace(rows=3, total_rows=5, pieces=2)
    with tracing(trace):
        rows = trace.batch_input((3,), np.float32)
        assert ops.matmul(rows, ops.transpose(rows)).spec.shape == (3, 5)


@pytest.mark.parametrize("shapes", [((5, 3), (4, 3)), ((), (3,)), ((5, 2, 3), (2, 3))])
def test_matmul_names_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match="matmul: expected x1 of shape"):
        ops.matmul(normal(*shapes[0]), normal(*shapes[1]))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(5, 3), (3, 4)]),
        ("ij,jk", [(5, 3), (3, 4)]),
        ("bij,bjk->bik", [(5, 2, 3), (5, 3, 4)]),
        ("btd,dhk->bthk", [(5, 2, 3), (3, 2, 4)]),
        ("bthk,bshk->bhts", [(2, 3, 4, 5), (2, 6, 4, 5)]),
        ("nd,nh->dh", [(5, 3), (5, 2)]),
        ("ij->ji", [(5, 3)]),
        ("ij->", [(5, 3)]),
        ("ii->i", [(4, 4)]),
        ("ii", [(4, 4)]),
        ("iij->j", [(4, 4, 2)]),
        ("...ij,...jk->...ik", [(5, 2, 3), (1, 3, 4)]),
        ("...d,de->...e", [(5, 2, 3), (3, 4)]),
        ("i,j->ij", [(5,), (3,)]),
        ("ij,jk,kl->il", [(5, 3), (3, 4), (4, 2)]),
        ("ij,ij->i", [(5, 3), (5, 3)]),
        ("ab,cd->", [(2, 3), (4, 5)]),
        ("abc,cb->a", [(5, 2, 3), (3, 2)]),
    ],
)
def test_einsum_has_numpys_values(equation, shapes):
    arrays = [normal(*s) for s in shapes]
    (y,) = check(lambda *xs: ops.einsum(equation, *xs), *arrays)
    np.testing.assert_allclose(y, np.einsum(equation, *arrays), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("equation", "shapes", "batched"),
    [
        ("btd,dhk->bthk", [(5, 2, 3), (3, 2, 4)], (True, False)),
        ("bthk,bshk->bhts", [(5, 2, 3, 2), (5, 4, 3, 2)], (True, True)),
        ("ntd,nth->dh", [(5, 2, 3), (5, 2, 4)], (True, True)),
        ("nd,n->nd", [(5, 2), (5,)], (True, True)),
        ("nd->d", [(5, 2)], (True,)),
    ],
)
def test_einsum_does_not_depend_on_how_rows_are_divided(equation, shapes, batched):
    check_divided(lambda *xs: ops.einsum(equation, *xs), *(normal(*s) for s in shapes), batched=batched)


@pytest.mark.parametrize("equation", ["ij,jk->iz", "ij->ii", "ij,jk,kl->il", "ijk,jk->i"])
def test_einsum_names_an_equation_that_does_not_fit(equation):
    with pytest.raises(ValueError, match="einsum"):
        ops.einsum(equation, normal(2, 3), normal(3, 4))


@pytest.mark.parametrize("axes", [0, 1, 2, ((1, 0), (0, 1)), (-1, 0)])
def test_tensordot_has_numpys_values(axes):
    a, b = (normal(4, 4), normal(4, 4))
    (y,) = check(lambda a, b: ops.tensordot(a, b, axes), a, b)
    np.testing.assert_allclose(y, np.tensordot(a, b, axes), rtol=1e-10)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((2, 3, 4), (5, 4, 2)), ((), (3,))])
def test_dot_has_numpys_values(shapes):
    a, b = (normal(*s) for s in shapes)
    np.testing.assert_allclose(check(ops.dot, a, b)[0], np.dot(a, b), rtol=1e-10)


def test_inner_outer_and_vdot_have_numpys_values():
    a, b = normal(2, 3), normal(4, 3)
    np.testing.assert_allclose(check(ops.inner, a, b)[0], np.inner(a, b))
    np.testing.assert_allclose(check(ops.outer, a, b)[0], np.outer(a, b))
    np.testing.assert_allclose(check(ops.vdot, a, a)[0], np.vdot(a, a))


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 3])
def test_diagonals_and_triangles_have_numpys_values(offset):
    x = normal(2, 4, 5)
    pairs = [
        (ops.tril, np.tril, x),
        (ops.triu, np.triu, x),
        (ops.diag, np.diag, x[0, 0]),
        (ops.diag, np.diag, x[0]),
        (ops.trace, np.trace, x),
    ]
    for function, reference, value in pairs:
        np.testing.assert_allclose(check(lambda a, f=function: f(a, offset), value)[0], reference(value, offset))
    (y,) = check(lambda a: ops.diagonal(a, offset, 1, 2), x)
    np.testing.assert_array_equal(y, np.diagonal(x, offset, 1, 2))
