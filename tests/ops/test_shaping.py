"""Shapes, joins, indices: NumPy's values, gradients, and rows that stay together."""

import numpy as np
import pytest

from dtrain import ops, random
from tests.ops.gradcheck import check, check_divided

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 3))
P = RNG.normal(size=(5, 3))
X3 = RNG.normal(size=(5, 2, 3))


@pytest.mark.parametrize("shape", [(10, 3), (-1, 3), (5, -1), (-1,), 30, (5, 1, 6), (5, 6, 1), (5, 3, 2)])
def test_reshape_keeps_each_process_its_rows(shape):
    (y,) = check(lambda x: ops.reshape(x, shape), X3)
    np.testing.assert_array_equal(y, X3.reshape(shape))
    check_divided(lambda x: ops.reshape(x, shape), X3, batched=(True,))


def test_merged_rows_count_as_rows():
    check_divided(lambda x: ops.reshape(x, (x.shape[0] * x.shape[1], 3)) / x.shape[0], X3, batched=(True,))
    check_divided(lambda x: ops.reshape(ops.reshape(x, (-1, 3)), (-1, 2, 3)), X3, batched=(True,))
    check_divided(lambda x: ops.reshape(ops.transpose(x, (1, 0, 2)), (2, -1)), X3, batched=(True,))


def test_reshape_may_mix_rows_of_processes_and_refuses_wrong_sizes():
    check_divided(lambda x: ops.reshape(x, (3, 5)), X, batched=(True,))
    check_divided(lambda x: ops.reshape(x, (2, 2, 3)), X[:4], batched=(True,), cuts=((2, 2), (1, 3), (4, 0)))
    with pytest.raises(ValueError, match="reshape: expected a shape of 15 elements"):
        ops.reshape(X, (4, -1))


@pytest.mark.parametrize("axes", [(1, 0, 2), (2, 1, 0), None])
def test_transpose_moves_the_rows_along(axes):
    np.testing.assert_array_equal(check(lambda x: ops.transpose(x, axes), X3)[0], np.transpose(X3, axes))
    check_divided(lambda x: ops.transpose(x, axes), X3, batched=(True,))


def test_axes_are_moved_swapped_inserted_and_dropped_as_in_numpy():
    cases = [
        (lambda x: ops.moveaxis(x, 0, -1), np.moveaxis(X3, 0, -1)),
        (lambda x: ops.moveaxis(x, (0, 1), (-1, 0)), np.moveaxis(X3, (0, 1), (-1, 0))),
        (lambda x: ops.swapaxes(x, 0, -1), np.swapaxes(X3, 0, -1)),
        (lambda x: ops.expand_dims(x, (0, -1)), np.expand_dims(X3, (0, -1))),
        (lambda x: ops.squeeze(ops.expand_dims(x, (0, -1))), X3),
        (lambda x: ops.squeeze(ops.expand_dims(x, (0, -1)), -1), X3[None]),
        (ops.ravel, X3.ravel()),
    ]
    for function, expected in cases:
        np.testing.assert_array_equal(check(function, X3)[0], expected)
        check_divided(function, X3, batched=(True,))


@pytest.mark.parametrize("repeats", [2, (2, 1), (1, 3), (2, 1, 1), (2, 2)])
def test_tile_has_numpys_values(repeats):
    np.testing.assert_array_equal(check(lambda x: ops.tile(x, repeats), X)[0], np.tile(X, repeats))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_repeat_has_numpys_values(axis):
    np.testing.assert_array_equal(check(lambda x: ops.repeat(x, 3, axis), X)[0], np.repeat(X, 3, axis))
    check_divided(lambda x: ops.repeat(x, 3, axis), X, batched=(True,))
    (y,) = check(lambda x: ops.repeat(x, [1, 2, 0], 1), X)
    np.testing.assert_array_equal(y, np.repeat(X, [1, 2, 0], 1))


def test_broadcast_to_a_number_of_rows_makes_rows():
    (y,) = check(lambda x: ops.broadcast_to(x, (4, 5, 3)), X)
    np.testing.assert_array_equal(y, np.broadcast_to(X, (4, 5, 3)))
    check_divided(lambda x, w: ops.broadcast_to(w, (x.shape[0], 2, 3)), X, X3[0], batched=(True, False))
    check_divided(lambda x: ops.tile(x, (1, 3)), X, batched=(True,))


KEYS = [
    0, -1, slice(1, 3), (slice(None), 1), (..., 0), (None, ...), slice(None, None, -1),
    (slice(None), slice(None, None, -2)), (slice(None), None, 1), (slice(4, 1, -1), 0), [0, 2, 2],
    (slice(None), [0, -1, 0]), ([0, 1], [1, 1]), (slice(None), [0, 1], [2, 2]), ([0, 1], slice(None), [2, 2]),
    np.array([[0, 1], [1, -4]]), X[:, 0] > 0, (..., X3[0, 0] > 0),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_has_numpys_values(key):
    (y,) = check(lambda x: x[key], X3)
    np.testing.assert_array_equal(y, X3[key])
    if isinstance(key, tuple) and key[0] in (slice(None), Ellipsis):
        check_divided(lambda x: x[key], X3, batched=(True,))


def test_some_rows_of_divided_rows_are_those_of_one_process():
    for key in (0, -1, slice(0, 2), slice(0, 4), slice(None, None, -2), [0, 1], (slice(1, 3), 0)):
        check_divided(lambda x, k=key: x[k], X, batched=(True,))


def test_indices_out_of_range_are_named():
    with pytest.raises(IndexError, match="Index 5 is out of range for axis 0"):
        ops.get_item(X, 5)
    with pytest.raises(IndexError, match="at most 2 indices"):
        ops.get_item(X, (0, 0, 0))
    with pytest.raises(ValueError, match=r"take: expected indices in \[-3, 3\). Received: 7 at position \(1,\)"):
        ops.take(X, [0, 7], 1)


def test_one_element_of_every_row_by_row_numbers_or_along_an_axis():
    labels = np.array([0, 2, 1, 1, 0])
    check_divided(lambda x, n: x[ops.arange(x.shape[0]), n], X, labels, batched=(True, True))
    check_divided(lambda x, n: ops.take_along_axis(x, n[:, None], 1), X, labels, batched=(True, True))
    np.testing.assert_array_equal(ops.take_along_axis(X, labels[:, None], 1), X[np.arange(5), labels][:, None])


def test_take_has_numpys_values_for_negative_indices_too():
    places = [[0, 1], [-1, 0]]
    np.testing.assert_array_equal(check(lambda x: ops.take(x, places, 1), X)[0], np.take(X, places, 1))
    np.testing.assert_array_equal(check(lambda x: ops.take(x, places), X)[0], np.take(X, places))
    check_divided(lambda x: ops.take(x, places, 1), X, batched=(True,))
    check_divided(lambda w, i: ops.take(w, i, 0), X3, np.array([[0, 1]] * 5), batched=(False, True))


def test_where_chooses_and_divides_the_gradient():
    c, b = X > 0, RNG.normal(size=(1, 3))
    (y,) = check(ops.where, c, P, b)
    np.testing.assert_array_equal(y, np.where(c, P, b))
    check_divided(ops.where, c, P, b, batched=(True, True, False))
    np.testing.assert_array_equal(ops.where(c, np.float32(1), np.nan), np.where(c, 1, np.nan))
    assert ops.where(c, P.astype(np.float32), 0.0).dtype == "float32"
    np.testing.assert_array_equal(np.stack(ops.where(c)), np.stack(np.nonzero(c)))


def test_one_hot_and_multi_hot():
    np.testing.assert_array_equal(ops.one_hot([0, 2, -1, 9], 3), [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(ops.one_hot([0, 2], 3, axis=0), [[1, 0], [0, 0], [0, 1]])
    np.testing.assert_array_equal(ops.multi_hot([[0, 2], [1, 1]], 3), [[1, 0, 1], [0, 1, 0]])


def test_joins_and_cuts_have_numpys_values():
    cases = [
        (lambda a, b: ops.concatenate([a, b, a], -1), np.concatenate([X, P, X], 1)),
        (lambda a, b: ops.stack([a, b], -1), np.stack([X, P], -1)),
        (lambda a, b: ops.hstack([a, b]), np.hstack([X, P])),
    ]
    for function, expected in cases:
        np.testing.assert_array_equal(check(function, X, P)[0], expected)
        check_divided(function, X, P, batched=(True, True))
    np.testing.assert_array_equal(check(lambda a, b: ops.concatenate([a, b]), X, P)[0], np.concatenate([X, P]))
    np.testing.assert_array_equal(check(lambda a, b: ops.append(a, b), X, P)[0], np.append(X, P))
    for a, b in zip(check(lambda x: ops.split(x, [1, 2], 0), X), np.split(X, [1, 2], 0), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(check(lambda x: ops.array_split(x, 2, 1), X), np.array_split(X, 2, 1), strict=True):
        np.testing.assert_array_equal(a, b)
    check_divided(lambda x: ops.split(x, 3, 1), X, batched=(True,))
    check_divided(lambda x: ops.unstack(x, axis=1), X, batched=(True,))


def test_joins_of_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="differ along axis 0 only"):
        ops.concatenate([X, P[:, :2]])
    with pytest.raises(ValueError, match="a number of parts that divides 3. Received: 2"):
        ops.split(X, 2, 1)


@pytest.mark.parametrize("mode", ["constant", "reflect", "symmetric", "edge", "wrap"])
def test_pad_has_numpys_values(mode):
    widths = ((1, 2), (2, 1))
    np.testing.assert_array_equal(check(lambda x: ops.pad(x, widths, mode), X)[0], np.pad(X, widths, mode))
    check_divided(lambda x: ops.pad(x, ((0, 0), (2, 1)), mode), X, batched=(True,))


def test_flip_and_roll_have_numpys_values():
    np.testing.assert_array_equal(check(lambda x: ops.flip(x, 0), X)[0], np.flip(X, 0))
    np.testing.assert_array_equal(check(lambda x: ops.roll(x, (1, -2), (0, 1)), X)[0], np.roll(X, (1, -2), (0, 1)))
    np.testing.assert_array_equal(check(lambda x: ops.roll(x, 7), X)[0], np.roll(X, 7))


def test_scatter_and_slice_update_write_where_they_are_told():
    places, values = np.array([[0, 1], [3, 2], [0, 1]]), np.array([1.0, 2.0, 4.0])
    (y,) = check(lambda x, v: ops.scatter_update(x, places, v, "add"), X, values)
    expected = X.copy()
    np.add.at(expected, tuple(places.T), values)
    np.testing.assert_array_equal(y, expected)
    check(lambda x, v: ops.scatter_update(x, places[:2], v), X, values[:2])
    (y,) = check(lambda x, v: ops.slice_update(x, (1, 1), v), X, np.ones((2, 2)))
    assert np.all(y[1:3, 1:] == 1) and np.all(y[0] == X[0])
    np.testing.assert_array_equal(check(lambda v: ops.scatter([[1], [1], [0]], v, (3,)), values)[0], [4, 3, 0])
    np.testing.assert_array_equal(check(lambda v: ops.segment_sum(v, np.array([2, 0, 2])), values)[0], [2, 0, 5])
    np.testing.assert_array_equal(check(lambda x: ops.slice(x, (1, 0), (2, 2)), X)[0], X[1:3, :2])


@pytest.mark.parametrize("name", ["fliplr", "flipud", "diff", "ptp"])
def test_other_functions_of_one_array_have_numpys_values(name):
    np.testing.assert_allclose(check(getattr(ops, name), X)[0], getattr(np, name)(X))


@pytest.mark.parametrize(
    ("name", "shapes"), [("hypot", (3, 3)), ("kron", (2, 4)), ("kron", ((2, 3), 2)), ("cross", (3, 3))]
)
def test_other_functions_of_two_arrays_have_numpys_values(name, shapes):
    a, b = (RNG.normal(size=s) for s in shapes)
    np.testing.assert_allclose(check(getattr(ops, name), a, b)[0], getattr(np, name)(a, b))


def test_splits_steps_and_closeness_have_numpys_values():
    for name in ("hsplit", "vsplit"):
        for a, b in zip(getattr(ops, name)(X, [1, 2]), getattr(np, name)(X, [1, 2]), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ops.heaviside([-1.0, 0, 2], 0.5), [0, 0.5, 1])
    np.testing.assert_allclose(ops.percentile(X, 30), np.percentile(X, 30))
    assert bool(ops.allclose(X, X + 1e-9)) and not bool(ops.allclose(X, X + 1))


def test_a_list_of_tensors_becomes_one_tensor():
    (y,) = check(lambda a, b: ops.convert_to_tensor([[a, b], [b, a]]), X, P)
    np.testing.assert_array_equal(y, [[X, P], [P, X]])


def _both(x, y):
    return ops.concatenate([x, y], axis=0)


JOINED = {
    "whole": lambda x, y: ops.sum(ops.square(_both(x, y)), axis=0) + ops.mean(_both(x, y)),
    "cut with the rows of a batch": lambda x, y: _both(x, y)[: x.shape[0]] * y - _both(x, y)[x.shape[0] :] * x,
    "cut from the end": lambda x, y: _both(x, y)[-x.shape[0] :, 1:] * x[:, :2],
    "cut with global numbers": lambda x, y: _both(x, y)[:5] * y - _both(x, y)[5:10] * x,
    "split": lambda x, y: ops.split(_both(x, y), 2)[0] * ops.split(_both(x, y), [x.shape[0]])[1],
    "slice": lambda x, y: ops.slice(_both(x, y), (x.shape[0], 0), (x.shape[0], 2)) * x[:, :2],
    "in turn": lambda x, y: ops.split(ops.concatenate([x, y, x * y, y]), 4)[2] * x,
    "of joined": lambda x, y: (_both(_both(x, y), x)[x.shape[0] :])[: y.shape[0]] * x,
    "parts as an axis": lambda x, y: ops.reshape(_both(x, y), (2, -1, 3))[1] * x,
    "axis as parts": lambda x, y: ops.reshape(ops.stack([x, y]), (-1, 3))[: x.shape[0]] * y,
    "tile": lambda x, y: (ops.tile(x, (2, 1)) * _both(y, x))[x.shape[0] :] + y,
    "merged rows": lambda x, y: ops.reshape(_both(x[:, :2], y[:, :2]), (-1, 1))[2 * x.shape[0] :],
    "new values": lambda x, y: (_both(x, y) * ops.ones((x.shape[0] + y.shape[0], 1)))[: x.shape[0]],
    "half of them": lambda x, y: _both(x, y)[: _both(x, y).shape[0] // 2] * x,
    "numbers of rows": lambda x, y: x * ops.split(ops.arange(ops.shape(_both(x, y))[0]), 2)[1][:, None] + y * 0,
    "places": lambda x, y: x * 0 + ops.cast(ops.argmax(_both(x, y), axis=0), "float64") + y,
    "another axis": lambda x, y: ops.transpose(ops.concatenate([ops.transpose(x), ops.transpose(y)], 1)[:, :5]) + y,
}


@pytest.mark.parametrize("name", JOINED)
def test_rows_of_values_can_be_laid_one_behind_the_other(name):
    check_divided(JOINED[name], X, P, batched=(True, True))


def test_a_concatenation_of_rows_may_be_cut_where_its_parts_do_not_meet():
    for function in (lambda x: _both(x, x)[:3], lambda x: _both(x, x)[1:], lambda x: ops.split(_both(x, x), 5)):
        check_divided(function, X, batched=(True,))
    check_divided(lambda x: _both(x, x) * ops.ones((2 * x.shape[0], 1)), X, batched=(True,))
    check_divided(lambda x: ops.concatenate([x, x, x])[:4], X[:4], batched=(True,), cuts=((2, 2),))


@pytest.mark.parametrize("draw", [lambda s: random.uniform(s, seed=3), lambda s: random.gamma(s, 2.0, seed=3)])
def test_random_rows_of_a_concatenation_are_those_of_one_process(draw):
    check_divided(lambda x: ops.split(draw(ops.shape(_both(x, x))), 2)[1] * x, X, batched=(True,))
    check_divided(lambda x: ops.split(random.dropout(_both(x, x), 0.5, seed=3), 2)[1] * x, X, batched=(True,))


def test_lengths_put_together_by_ops_are_a_shape():
    def repeated(x):
        rows = ops.concatenate([ops.expand_dims(ops.shape(x)[0], -1), ops.convert_to_tensor([1])], axis=0)
        return x * ops.tile(P[:1], rows) + ops.tile(P[:1], ops.stack([ops.shape(x)[0], 1]))

    (y,) = check(repeated, X)
    np.testing.assert_allclose(y, X * P[:1] + P[:1])
    check_divided(repeated, X, batched=(True,))
    check_divided(lambda x: x * ops.repeat(P[:1], ops.shape(x)[0], axis=0), X, batched=(True,))
