"""Pooling against loops, gradients against differences."""

import numpy as np
import pytest

from dtrain.kernels.numpy import windows
from dtrain.ops.pooling import average_pool, max_pool
from tests.ops import references
from tests.ops.gradcheck import check, check_divided


@pytest.fixture(params=[1 << 20, 1000], ids=["whole", "cut"])
def chunk_bytes(request, monkeypatch):
    monkeypatch.setattr(windows, "CHUNK_BYTES", request.param)


def distinct(*shape):
    """Values that are nowhere near each other: far from the kinks of a maximum."""
    return np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape) * 0.1 - 5


CASES = [
    # lengths, size, strides, padding, explicit pads
    ((8,), (2,), None, "valid", [(0, 0)]),
    ((9,), (3,), (2,), "same", [(1, 1)]),
    ((6, 4), (2, 2), None, "valid", [(0, 0), (0, 0)]),
    ((7, 5), (2, 2), None, "valid", [(0, 0), (0, 0)]),
    ((7, 5), (2, 2), None, "same", [(0, 1), (0, 1)]),
    ((7, 8), (3, 3), (2, 2), "valid", [(0, 0), (0, 0)]),
    ((7, 8), (3, 3), (2, 2), "same", [(1, 1), (0, 1)]),
    ((7, 8), (2, 1), (3, 2), "valid", [(0, 0), (0, 0)]),
    ((6, 6), (3, 2), (1, 1), "same", [(1, 1), (0, 1)]),
    ((18, 17), (17, 16), None, "valid", [(0, 0), (0, 0)]),
    ((4, 5, 6), (2, 2, 3), None, "same", [(0, 0), (0, 1), (0, 0)]),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("function", "reduce"), [(max_pool, np.max), (average_pool, np.mean)])
def test_pooling_equals_loops_and_its_gradient_equals_differences(function, reduce, case, chunk_bytes):
    lengths, size, strides, padding, pads = case
    x = distinct(3, *lengths, 2)
    (y,) = check(lambda x: function(x, size, strides, padding), x)
    np.testing.assert_allclose(y, references.pool(x, reduce, size, strides or size, pads), atol=1e-12)


@pytest.mark.parametrize("function", [max_pool, average_pool])
def test_pooling_with_channels_first(function):
    x = distinct(2, 3, 4, 6)
    (y,) = check(lambda x: function(x, 2, data_format="channels_first"), x)
    np.testing.assert_allclose(y, function(x.transpose(0, 2, 3, 1), 2).numpy().transpose(0, 3, 1, 2))


@pytest.mark.parametrize("function", [max_pool, average_pool])
def test_pooling_of_divided_rows(function):
    check_divided(lambda x: function(x, 2), distinct(5, 4, 5, 2), batched=(True,))


def test_the_first_of_equal_values_gets_the_gradient():
    from dtrain.kernels.numpy.pooling import max_pool as forward
    from dtrain.kernels.numpy.pooling import max_pool_gradient, pool_scratch, pool_windows

    x = np.zeros((1, 4, 1))
    x[0, 2:] = 7
    y, winner, dx = np.empty((1, 1, 1)), np.empty((1, 1, 1), np.uint8), np.full_like(x, np.nan)
    attributes = dict(pool_size=(4,), strides=(4,), padding=((0, 0),))
    scratch = np.empty(pool_scratch(pool_windows((4,), 1, **attributes), 1, 8))
    forward(x, y, winner, scratch, **attributes)
    max_pool_gradient(np.ones((1, 1, 1)), winner, dx, scratch, **attributes)
    np.testing.assert_array_equal(dx[0, :, 0], [0, 0, 1, 0])


def test_integers_can_be_pooled():
    x = np.arange(8, dtype=np.int32).reshape(1, 8, 1) - 20
    assert max_pool(x, 3, padding="same").numpy().dtype == np.int32
    np.testing.assert_array_equal(max_pool(x, 3, padding="same").numpy().ravel(), [-18, -15, -13])
    assert average_pool(x, 2).numpy().dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(inputs=np.ones((2, 5)), pool_size=2), "1 to 3 lengths"),
        (dict(inputs=np.ones((2, 5, 1)), pool_size=6), "at least as large as the window"),
        (dict(inputs=np.ones((2, 5, 1)), pool_size=0), "pool_size=0"),
        (dict(inputs=np.ones((2, 5, 1)), pool_size=2, padding="causal"), "padding='causal'"),
    ],
)
def test_pooling_names_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        max_pool(**arguments)
