"""Compiled convolutions and pooling."""

import numpy as np
import pytest

from dtrain.kernels.numpy import convolution as conv_reference
from tests.kernels.twins import compare, draw, garbage, setting, twins  # noqa: F401

CONVOLUTIONS = [  # images, lengths, channels, filters, kernel, strides, padding, dilation, pool
    (3, (9, 10), 1, 5, (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (2, 2)),
    (2, (8, 8), 1, 32, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), None),
    (2, (7, 9), 3, 16, (3, 3), (2, 2), ((0, 1), (1, 1)), (1, 1), None),
    (2, (8, 7), 17, 33, (3, 2), (1, 1), ((1, 1), (0, 1)), (1, 1), None),
    (2, (11, 12), 4, 6, (3, 3), (1, 1), ((2, 2), (2, 2)), (2, 2), (2, 3)),
    (2, (9, 9), 2, 3, (2, 2), (3, 2), ((0, 0), (0, 0)), (1, 1), None),
    (1, (5, 5), 16, 48, (1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), None),
    (4, (28, 28), 1, 32, (5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), (2, 2)),
    (2, (1, 1), 1, 1, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), None),
    (0, (6, 6), 2, 3, (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (2, 2)),
    (3, (40,), 5, 20, (4,), (2,), ((1, 2),), (1,), None),
    (3, (41,), 2, 7, (3,), (1,), ((4, 0),), (2,), (3,)),
    (2, (4, 5, 6), 2, 3, (2, 2, 2), (1, 1, 1), ((0, 0),) * 3, (1, 1, 1), None),
    (20, (16, 16), 32, 64, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), None),
]


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolution(case, activation):
    n, lengths, channels, filters, kernel, strides, padding, dilation, pool = case
    ways = {"strides": strides, "padding": padding, "dilation": dilation, "pool": pool, "activation": activation}
    x, w, b = draw(n, *lengths, channels), draw(*kernel, channels, filters) / 4, draw(filters)
    windows = conv_reference.windows_of(lengths, w.shape, strides, padding, dilation, pool, True)
    y = garbage(n, *windows.cells, filters)
    winner = garbage(*y.shape, dtype=np.uint8) if pool else None
    forward, gradient = twins("convolution"), twins("convolution_gradient")
    scratch = garbage(forward[0].forward_scratch(windows, n, filters, 4))
    given = [x, w, b, y, winner, scratch]
    compare("convolution", "forward", given, [3, 4] if pool else [3], 1e-4, 1e-4, **ways)
    compare("convolution", "forward", [x, w, None, *given[3:]], [3], 1e-4, 1e-4, **ways)
    forward[1].forward(*given, **ways)
    scratch = garbage(gradient[0].backward_scratch(windows, n, filters, 4))
    dx, dw, db = garbage(*x.shape), garbage(*w.shape), garbage(filters)
    given = [draw(*y.shape), x, w, y, winner, dx, dw, db, scratch]
    compare("convolution_gradient", "backward", given, [5, 6, 7], 1e-3, 1e-3, **ways, bias=True)
    given = [given[0], x, None, y, winner, None, dw, None, scratch]
    compare("convolution_gradient", "backward", given, [6], 1e-3, 1e-3, **ways, bias=True)
    given = [given[0], None, w, y, winner, dx, None, None, scratch]
    compare("convolution_gradient", "backward", given, [5], 1e-3, 1e-3, **ways, bias=True)


def test_a_pooled_maximum_does_not_hide_a_nan():
    x = np.zeros((1, 4, 4, 1), np.float32)
    x[0, 1, 0] = x[0, 2, 3] = np.nan
    y, winner = garbage(1, 2, 2, 1), garbage(1, 2, 2, 1, dtype=np.uint8)
    scratch = np.empty(1000, np.float32)
    twins("pooling")[0].max_pool(x, y, winner, scratch, pool_size=(2, 2), strides=(2, 2), padding=((0, 0),) * 2)
    assert np.isnan(y[0, :, :, 0]).tolist() == [[True, False], [False, True]]


POOLS = [  # images, lengths, channels, window, strides, padding
    (2, (6, 8), 16, (2, 2), (2, 2), ((0, 0), (0, 0))),
    (3, (7, 9), 5, (3, 2), (2, 1), ((1, 1), (0, 1))),
    (1, (4, 4), 1, (3, 3), (1, 1), ((1, 1), (1, 1))),
    (2, (5, 5), 33, (2, 2), (3, 3), ((0, 0), (0, 0))),
    (0, (5, 5), 3, (2, 2), (2, 2), ((0, 0), (0, 0))),
    (2, (17,), 3, (3,), (2,), ((1, 1),)),
    (2, (4, 4, 5), 3, (2, 2, 2), (2, 2, 2), ((0, 0),) * 3),
    (40, (16, 16), 20, (2, 2), (2, 2), ((0, 0), (0, 0))),
]


@pytest.mark.parametrize("case", POOLS, ids=str)
def test_pooling(case):
    n, lengths, channels, size, strides, padding = case
    ways = {"pool_size": size, "strides": strides, "padding": padding}
    module, reference = twins("pooling")
    windows = reference.pool_windows(lengths, channels, size, strides, padding)
    scratch = garbage(module.pool_scratch(windows, n, 4))
    x = draw(n, *lengths, channels).round(1)  # with ties
    y = garbage(n, *windows.cells, channels)
    winner = garbage(*y.shape, dtype=np.uint8)
    dy, dx = draw(*y.shape, seed=1), garbage(*x.shape)
    compare("pooling", "max_pool", [x, y, winner, scratch], [1, 2], 0, 0, **ways)
    compare("pooling", "average_pool", [x, y, scratch], [1], **ways)
    compare("pooling", "average_pool_gradient", [dy, dx, scratch], [1], **ways)
    reference.max_pool(x, y, winner, scratch, **ways)
    compare("pooling", "max_pool_gradient", [dy, winner, dx, scratch], [2], **ways)


DEPTHWISE = [  # images, lengths, channels, filters of each, kernel, strides, padding, dilation
    (3, (9, 10), 5, 1, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    (2, (8, 7), 16, 1, (3, 2), (2, 1), ((0, 1), (0, 0)), (1, 1)),
    (2, (11, 12), 33, 1, (3, 3), (1, 2), ((2, 2), (2, 2)), (2, 2)),
    (2, (6, 6), 3, 2, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    (1, (1, 1), 1, 1, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    (0, (6, 6), 2, 1, (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    (3, (40,), 7, 1, (4,), (2,), ((1, 2),), (1,)),
    (40, (20, 20), 64, 1, (5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1)),
]


@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_depthwise_convolution(case):
    n, lengths, channels, multiplier, kernel, strides, padding, dilation = case
    ways = {"strides": strides, "padding": padding, "dilation": dilation}
    x, w = draw(n, *lengths, channels), draw(*kernel, channels, multiplier)
    reference = twins("depthwise")[1]
    windows = reference.depthwise_windows(lengths, w.shape, strides, padding, dilation)
    scratch = garbage(reference.depthwise_scratch(windows, n, 4))
    y = garbage(n, *windows.cells, channels * multiplier)
    compare("depthwise", "forward", [x, w, y, scratch], [2], 1e-4, 1e-4, **ways)
    dy = draw(*y.shape, seed=1)
    compare("depthwise", "weight_gradient", [dy, x, garbage(*w.shape), scratch], [2], 1e-3, 2e-3, **ways)
    compare("depthwise", "input_gradient", [dy, w, garbage(*x.shape), scratch], [2], 1e-4, 1e-4, **ways)
