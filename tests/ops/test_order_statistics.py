"""Quantiles over several axes, segments, the largest few, norms by singular values."""

import numpy as np
import pytest

from dtrain import ops

X = np.random.default_rng(0).uniform(1, 2, (2, 3, 4)).astype(np.float32)
HOLES = np.where(X > 1.8, np.nan, X)


@pytest.mark.filterwarnings("ignore:All-NaN slice")
@pytest.mark.parametrize("axis", [None, 1, -1, (), (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_quantiles_are_taken_over_one_or_several_axes(axis, keepdims):
    args = {"axis": axis, "keepdims": keepdims}
    for q in (0.3, [0.2, 0.5]):
        np.testing.assert_allclose(ops.quantile(X, q, **args), np.quantile(X, q, **args), rtol=1e-5)
        np.testing.assert_allclose(ops.nanquantile(HOLES, q, **args), np.nanquantile(HOLES, q, **args), rtol=1e-5)
    np.testing.assert_allclose(ops.percentile(X, 30, **args), np.percentile(X, 30, **args), rtol=1e-5)
    np.testing.assert_allclose(ops.median(X, **args), np.median(X, **args), rtol=1e-5)
    np.testing.assert_allclose(ops.nanmedian(HOLES, **args), np.nanmedian(HOLES, **args), rtol=1e-5)


def test_rows_with_a_negative_segment_id_are_left_out():
    x, ids = np.array([[1.0], [7.0], [4.0], [5.0]], np.float32), np.array([0, -1, 3, 3])
    expected = {
        ops.segment_sum: [1, 0, 0, 9],
        ops.segment_max: [1, -np.inf, -np.inf, 5],
        ops.segment_min: [1, np.inf, np.inf, 4],
        ops.segment_prod: [1, 1, 1, 20],
    }
    for function, values in expected.items():
        np.testing.assert_array_equal(function(x, ids, 4)[:, 0], values)
        with pytest.raises(ValueError, match="expected indices in"):
            function(x, np.array([0, -1, 4, 3]), 4)


def test_a_target_whose_prediction_is_nan_is_not_in_the_top():
    predictions = np.array([[0.1, np.nan, 0.5], [0.3, 0.2, 0.5]], np.float32)
    np.testing.assert_array_equal(ops.in_top_k(np.array([1, 0]), predictions, 2), [False, True])


@pytest.mark.parametrize("ord", [2, -2, "nuc"])
@pytest.mark.parametrize("axis", [(0, 2), (-1, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_of_matrices_by_their_singular_values(ord, axis, keepdims):
    expected = np.linalg.norm(X, ord, axis, keepdims)
    np.testing.assert_allclose(ops.norm(X, ord, axis, keepdims), expected, rtol=1e-5)


@pytest.mark.parametrize(("ord", "axis"), [("fro", 1), ("nuc", 1), ("fro", None), ("max", (0, 1))])
def test_a_norm_that_vectors_or_matrices_do_not_have_is_refused(ord, axis):
    with pytest.raises(ValueError, match="expected a number, or 'fro' or 'nuc' for matrices"):
        ops.norm(X, ord, axis)


def test_the_extreme_of_nothing_is_the_initial_value():
    nothing = np.zeros((2, 0), np.float32)
    np.testing.assert_array_equal(ops.max(nothing, axis=1, initial=1.5), [1.5, 1.5])
    np.testing.assert_array_equal(ops.min(nothing, initial=-1.5), -1.5)
    with pytest.raises(ValueError, match="at least one element"):
        ops.max(nothing, axis=1)


def test_whole_numbers_are_rounded_to_tens():
    x = np.array([123, -345, 255], np.int32)
    found = ops.round(x, -1)
    np.testing.assert_array_equal(found, np.round(x, -1))
    assert found.dtype == "int32"


def test_a_single_number_is_in_order():
    assert ops.sort(3.0).shape == ()
    np.testing.assert_array_equal(ops.argsort(3.0), [0])
