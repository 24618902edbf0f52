"""Linear algebra against NumPy, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

from dtrain import ops

from .gradcheck import check

RNG = np.random.default_rng(5)
SQUARE = RNG.normal(size=(2, 4, 4)) + 3 * np.eye(4)
TALL, WIDE = RNG.normal(size=(2, 5, 3)), RNG.normal(size=(2, 3, 5))
POSITIVE = SQUARE @ SQUARE.swapaxes(1, 2)
VECTORS, MATRICES = RNG.normal(size=(2, 4)), RNG.normal(size=(2, 4, 3))


@pytest.mark.parametrize("name", ["inv", "det", "slogdet"])
def test_functions_of_square_matrices_are_numpys(name: str) -> None:
    found = check(getattr(ops, name), SQUARE)
    expected = getattr(np.linalg, name)(SQUARE)
    for y, e in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
        np.testing.assert_allclose(y, e, rtol=1e-9)


def test_the_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    check(ops.det, np.array([[1.0, 2, 3], [2, 4, 6], [0, 1, 5]]))


@pytest.mark.parametrize("b", [VECTORS, MATRICES], ids=["vectors", "matrices"])
def test_solve_finds_the_x_of_a_x_is_b(b: np.ndarray) -> None:
    (x,) = check(ops.solve, SQUARE, b)
    np.testing.assert_allclose((SQUARE @ x.reshape(2, 4, -1)).reshape(b.shape), b, atol=1e-9)


@pytest.mark.parametrize("lower", [False, True])
def test_solve_triangular_looks_at_one_triangle_only(lower: bool) -> None:
    (x,) = check(lambda a, b: ops.solve_triangular(a, b, lower), SQUARE, MATRICES)
    np.testing.assert_allclose((np.tril if lower else np.triu)(SQUARE) @ x, MATRICES, atol=1e-9)


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_factors_multiply_to_the_matrix(upper: bool) -> None:
    # A perturbation that is not symmetric leaves the set of positive definite matrices: make it symmetric first.
    (y,) = check(lambda x: ops.cholesky((x + ops.swapaxes(x, 1, 2)) / 2, upper), POSITIVE)
    product = y.swapaxes(1, 2) @ y if upper else y @ y.swapaxes(1, 2)
    np.testing.assert_allclose(product, POSITIVE, rtol=1e-9)
    (inverse,) = check(lambda x: ops.cholesky_inverse(x, upper), y)
    np.testing.assert_allclose(inverse, np.linalg.inv(POSITIVE), rtol=1e-7)


@pytest.mark.parametrize("x", [TALL, WIDE, SQUARE], ids=["tall", "wide", "square"])
def test_qr_and_svd_are_numpys_with_gradients(x: np.ndarray) -> None:
    for y, e in zip(check(ops.qr, x), np.linalg.qr(x), strict=True):
        np.testing.assert_allclose(y, e, atol=1e-9)
    check(lambda a: ops.qr(a)[1], x)
    check(lambda a: ops.svd(a, full_matrices=False)[0] ** 2, x)
    found = check(lambda a: ops.svd(a, full_matrices=False), x)
    for y, e in zip(found, np.linalg.svd(x, full_matrices=False), strict=True):
        np.testing.assert_allclose(y, e, atol=1e-9)
    np.testing.assert_allclose(check(lambda a: ops.svd(a, compute_uv=False), x)[0], found[1])


def test_complete_forms_give_square_factors() -> None:
    q, r = ops.qr(TALL, mode="complete")
    np.testing.assert_allclose(q.numpy() @ r.numpy(), TALL, atol=1e-9)
    u, s, v = (y.numpy() for y in ops.svd(WIDE))
    assert u.shape == (2, 3, 3) and v.shape == (2, 5, 5)
    np.testing.assert_allclose(u * s[:, None] @ v[:, :3], WIDE, atol=1e-9)


def test_eigh_diagonalises_a_symmetric_matrix() -> None:
    w, v = check(lambda x: ops.eigh((x + ops.swapaxes(x, 1, 2)) / 2), POSITIVE)
    np.testing.assert_allclose(v * w[:, None] @ v.swapaxes(1, 2), POSITIVE, rtol=1e-9)


@pytest.mark.parametrize("x", [TALL, WIDE], ids=["tall", "wide"])
def test_pinv_and_lstsq_are_numpys(x: np.ndarray) -> None:
    np.testing.assert_allclose(check(ops.pinv, x)[0], np.linalg.pinv(x), atol=1e-9)
    b = RNG.normal(size=x.shape[1])
    (found,) = check(ops.lstsq, x[0], b)
    np.testing.assert_allclose(found, np.linalg.lstsq(x[0], b, rcond=None)[0], atol=1e-9)


def test_matrix_rank_counts_independent_rows() -> None:
    x = np.array([[1.0, 2], [2, 4], [0, 0]])
    assert ops.matrix_rank(x).item() == 1
    assert ops.linalg.matrix_rank(TALL).tolist() == [3, 3]


def test_matrices_that_are_not_square_are_named() -> None:
    with pytest.raises(ValueError, match=r"inv: expected square matrices.*\(2, 5, 3\)"):
        ops.inv(TALL)
