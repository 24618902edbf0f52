"""Reductions: values, gradients, completed over the rows of all processes."""

import numpy as np
import pytest

from dtrain import ops
from tests.ops.gradcheck import Run, check, check_divided

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 3))
AXES = pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), -1])
KEEP = pytest.mark.parametrize("keepdims", [False, True])


@AXES
@KEEP
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std"])
def test_sums_and_means_are_those_of_all_rows(name, axis, keepdims):
    function = getattr(ops, name)
    (y,) = check(lambda x: function(x, axis, keepdims), X)
    np.testing.assert_allclose(y, getattr(np, name)(X, axis=axis, keepdims=keepdims), rtol=1e-12)
    check_divided(lambda x: function(x, axis, keepdims), X, batched=(True,))


@AXES
@KEEP
@pytest.mark.parametrize("name", ["max", "min", "prod", "logsumexp"])
def test_other_reductions(name, axis, keepdims):
    function = getattr(ops, name)
    (y,) = check(lambda x: function(x, axis, keepdims), X)
    reference = (lambda x, **k: np.log(np.sum(np.exp(x), **k))) if name == "logsumexp" else getattr(np, name)
    np.testing.assert_allclose(y, reference(X, axis=axis, keepdims=keepdims), rtol=1e-12)
    check_divided(lambda x: function(x, axis, keepdims), X, batched=(True,))


@pytest.mark.parametrize("name", ["max", "min"])
def test_ties_in_the_rows_of_several_processes_share_the_gradient_equally(name):
    x = np.array([[1.0, 5.0], [5.0, 5.0], [5.0, 0.0], [0.0, 0.0], [5.0, 0.0]])
    for axis in (0, None):
        check_divided(lambda x, axis=axis: getattr(ops, name)(x, axis), x, batched=(True,))


def test_products_over_rows_of_several_processes_have_gradients_where_elements_are_zero():
    x = X.copy()
    x[1, 1] = x[2, 0] = x[3, 0] = 0
    check_divided(lambda x: ops.prod(x, 0), x, batched=(True,))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [0, None])
@KEEP
def test_places_are_those_in_all_rows(name, axis, keepdims):
    x = X.copy()
    x[4] = x[1]  # the first of equal ones
    for values in (x, -x):
        check_divided(lambda x: getattr(ops, name)(x, axis, keepdims) * 1.0, values, batched=(True,))


@pytest.mark.parametrize("axis", [0, None])
def test_a_place_among_all_rows_may_be_that_of_nan(axis):
    x = X.copy()
    x[3, 1] = np.nan
    check_divided(lambda x: ops.argmax(x, axis) * 1.0, x, batched=(True,))


@pytest.mark.parametrize("name", ["sort", "cumsum", "median", "flip"])
def test_what_needs_all_rows_in_one_place_gets_them_when_they_are_divided(name):
    check_divided(lambda x: getattr(ops, name)(x, axis=0) * 1.0, X, batched=(True,))


def test_equal_largest_elements_share_the_gradient():
    run = Run(lambda x: ops.max(x, 1), [np.array([[1.0, 2, 2], [3, 0, 0]])], [False])
    gradient = run.gradients[0]
    assert gradient[0, 1] == gradient[0, 2] != 0
    assert gradient[0, 0] == gradient[1, 1] == gradient[1, 2] == 0


def test_prod_and_cumprod_have_gradients_where_elements_are_zero():
    x = X.copy()
    x[1, 1] = x[2, 0] = x[3, 0] = 0
    np.testing.assert_allclose(check(lambda x: ops.prod(x, 0), x)[0], np.prod(x, 0))
    np.testing.assert_allclose(check(lambda x: ops.cumprod(x, 0), x)[0], np.cumprod(x, 0))


def test_logsumexp_neither_overflows_nor_underflows():
    x = np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [-np.inf, -np.inf]], np.float32)
    np.testing.assert_allclose(ops.logsumexp(x, 1), [1000.6931, -999.3069, -np.inf], rtol=1e-6)


@pytest.mark.parametrize("axis", [None, 0, 1])
@KEEP
def test_argmax_and_argmin_have_numpys_values(axis, keepdims):
    for name in ("argmax", "argmin"):
        y = getattr(ops, name)(X, axis, keepdims)
        assert y.dtype == "int32"
        np.testing.assert_array_equal(y, getattr(np, name)(X, axis, keepdims=keepdims))


def test_logic_over_rows_is_that_of_all_processes():
    check_divided(
        lambda x: (ops.any(x > 1.5), ops.all(x > -9, 0), ops.count_nonzero(x > 0), ops.argmax(x, 1), x),
        X,
        batched=(True,),
    )
    np.testing.assert_array_equal(ops.any(X > 1, 0), np.any(X > 1, 0))
    np.testing.assert_array_equal(ops.all(X > -1, 1), np.all(X > -1, 1))


def test_small_integers_and_booleans_are_counted_in_32_bits():
    assert ops.sum(np.ones(300, np.uint8)).dtype == "uint32" and int(ops.sum(np.ones(300, np.uint8))) == 300
    assert ops.sum(np.ones(300, np.bool_)).dtype == "int32" and int(ops.sum(np.ones(300, np.bool_))) == 300
    assert ops.mean(np.array([1, 2])).dtype == "float32" and float(ops.mean(np.array([1, 2]))) == 1.5


def test_average_weighs():
    w = np.abs(RNG.normal(size=3))
    (y,) = check(lambda x, w: ops.average(x, 1, w), X, w)
    np.testing.assert_allclose(y, np.average(X, 1, w))


def test_moments_and_norms():
    check(lambda x: ops.moments(x, 0), X)
    check_divided(lambda x: ops.moments(x, 0), X, batched=(True,))
    for order in (None, 1, 2, 3, np.inf, -np.inf):
        np.testing.assert_allclose(check(lambda x, o=order: ops.norm(x, o, 1), X)[0], np.linalg.norm(X, order, 1))
    for order in ("fro", 1, -1, np.inf, -np.inf):
        (y,) = check(lambda x, o=order: ops.norm(x, o, (0, 1)), X)
        np.testing.assert_allclose(y, np.linalg.norm(X, order, (0, 1)))
    (y,) = check(ops.normalize, X)
    np.testing.assert_allclose(np.linalg.norm(y, axis=-1), 1)


def test_an_axis_out_of_range_is_named():
    with pytest.raises(ValueError, match=r"sum: expected axes in \[-2, 2\). Received: axis=2"):
        ops.sum(X, 2)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_order_and_running_sums_have_numpys_values(axis):
    for name in ("sort", "cumsum", "cumprod", "median"):
        (y,) = check(lambda x, n=name: getattr(ops, n)(x, axis), X)
        np.testing.assert_allclose(y, getattr(np, name)(X, axis), rtol=1e-12)
    np.testing.assert_array_equal(ops.argsort(X, axis), np.argsort(X, axis))
    (y,) = check(lambda x: ops.quantile(x, [0.1, 0.7], axis, keepdims=True), X)
    np.testing.assert_allclose(y, np.quantile(X, [0.1, 0.7], axis, keepdims=True))


def test_top_k_takes_the_largest_first():
    values, places = ops.top_k(X, 2)
    np.testing.assert_array_equal(values, -np.sort(-X, -1)[:, :2])
    np.testing.assert_array_equal(np.take_along_axis(X, np.asarray(places), -1), values)
    check_divided(lambda x: ops.top_k(x, 2)[0], X, batched=(True,))
    np.testing.assert_array_equal(ops.in_top_k([0, 1], [[3.0, 2, 1], [3, 1, 2]], 2), [True, False])


def test_searchsorted_digitize_bincount_and_isin_have_numpys_values():
    bins, values = np.array([1.0, 2, 3]), np.array([0.5, 2, 9])
    for side in ("left", "right"):
        np.testing.assert_array_equal(ops.searchsorted(bins, values, side), np.searchsorted(bins, values, side))
    np.testing.assert_array_equal(ops.digitize(values, bins), np.digitize(values, bins))
    np.testing.assert_array_equal(ops.bincount([1, 2, 2, 5]), np.bincount([1, 2, 2, 5]))
    check(lambda w: ops.bincount(np.array([[0, 1, 1], [2, 2, 9]]), w, 4), RNG.normal(size=(2, 3)))
    np.testing.assert_array_equal(ops.isin([1, 2, 3], [2, 5]), [False, True, False])
