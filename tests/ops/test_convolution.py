"""Convolutions against loops, their gradients against differences, and what does not depend on the chunks."""

import numpy as np
import pytest

from dtrain.kernels.numpy import windows
from dtrain.ops.convolution import conv, depthwise_conv, separable_conv
from dtrain.ops.convolution_transpose import conv_transpose
from tests.ops import references
from tests.ops.gradcheck import check, check_divided


@pytest.fixture(params=[1 << 20, 1500], ids=["whole", "cut"])
def chunk_bytes(request, monkeypatch):
    """The second size cuts images into blocks of rows."""
    monkeypatch.setattr(windows, "CHUNK_BYTES", request.param)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


CASES = [
    # lengths, channels, filters, kernel, strides, padding, dilation, groups, explicit pads
    ((9,), 2, 3, (3,), 1, "valid", 1, 1, [(0, 0)]),
    ((9,), 2, 3, (3,), 1, "causal", 2, 1, [(4, 0)]),
    ((10,), 3, 2, (4,), 3, "same", 1, 1, [(1, 2)]),
    ((7, 6), 1, 4, (3, 3), 1, "valid", 1, 1, [(0, 0), (0, 0)]),
    ((7, 6), 8, 4, (3, 2), 1, "same", 1, 1, [(1, 1), (0, 1)]),
    ((7, 6), 3, 5, (2, 3), (2, 1), "same", 1, 1, [(0, 1), (1, 1)]),
    ((9, 8), 2, 3, (3, 3), 1, "same", 2, 1, [(2, 2), (2, 2)]),
    ((6, 6), 4, 6, (3, 3), 1, "valid", 1, 2, [(0, 0), (0, 0)]),
    ((6, 5), 3, 6, (3, 3), 2, "same", 1, 3, [(0, 1), (1, 1)]),
    ((5, 4), 7, 3, (1, 1), 1, "valid", 1, 1, [(0, 0), (0, 0)]),
    ((5, 5), 2, 3, (1, 1), 2, "valid", 1, 1, [(0, 0), (0, 0)]),
    ((5, 4, 6), 2, 3, (2, 3, 2), (1, 2, 1), "same", 1, 1, [(0, 1), (0, 1), (0, 1)]),
]


@pytest.mark.parametrize("case", CASES)
def test_conv_equals_loops_and_its_gradients_equal_differences(case, chunk_bytes):
    lengths, channels, filters, kernel, strides, padding, dilation, groups, pads = case
    rank = len(lengths)
    x, w = normal(3, *lengths, channels), normal(*kernel, channels // groups, filters, seed=1)
    (y,) = check(lambda x, w: conv(x, w, strides, padding, dilation_rate=dilation), x, w)
    steps = (strides,) * rank if isinstance(strides, int) else strides
    np.testing.assert_allclose(y, references.conv(x, w, steps, pads, (dilation,) * rank, groups), atol=1e-12)


def test_conv_with_channels_first_equals_channels_last():
    x, w = normal(2, 5, 6, 3), normal(3, 3, 3, 4, seed=1)
    (y,) = check(lambda x, w: conv(x, w, padding="same", data_format="channels_first"), x.transpose(0, 3, 1, 2), w)
    np.testing.assert_allclose(y.transpose(0, 2, 3, 1), conv(x, w, padding="same").numpy())


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize("strides", [1, 2])
def test_depthwise_conv_treats_every_channel_alone(multiplier, strides, chunk_bytes):
    x, w = normal(2, 6, 5, 4), normal(3, 2, 4, multiplier, seed=1)
    (y,) = check(lambda x, w: depthwise_conv(x, w, strides, "same"), x, w)
    for c in range(4):
        alone = conv(x[..., c : c + 1], w[:, :, c : c + 1], strides, "same").numpy()
        np.testing.assert_allclose(y[..., c * multiplier : (c + 1) * multiplier], alone, atol=1e-12)


def test_separable_conv_gradients():
    x, w, v = normal(2, 6, 3), normal(3, 3, 2, seed=1), normal(1, 6, 5, seed=2)
    (y,) = check(lambda x, w, v: separable_conv(x, w, v, padding="same"), x, w, v)
    np.testing.assert_allclose(y, depthwise_conv(x, w, padding="same").numpy() @ v[0], atol=1e-12)


@pytest.mark.parametrize(
    ("lengths", "kernel", "strides", "padding", "extra", "dilation", "outputs", "lows"),
    [
        # outputs and paddings as Keras 3.15 gives them
        ((4,), (3,), (1,), "valid", None, 1, (6,), (0,)),
        ((4,), (2,), (3,), "valid", None, 1, (12,), (0,)),
        ((4,), (3,), (2,), "same", None, 1, (8,), (0,)),
        ((4,), (3,), (2,), "same", 0, 1, (7,), (1,)),
        ((4,), (3,), (2,), "valid", 1, 1, (10,), (0,)),
        ((4,), (1,), (3,), "same", None, 1, (12,), (0,)),
        ((4, 3), (3, 4), (2, 2), "same", None, 1, (8, 6), (0, 1)),
        ((4, 3), (3, 3), (1, 1), "same", None, 2, (4, 3), (2, 2)),
        ((3, 2, 2), (2, 3, 2), (2, 1, 2), "valid", None, 1, (6, 4, 4), (0, 0, 0)),
    ],
)
def test_conv_transpose_spreads_every_value(
    lengths, kernel, strides, padding, extra, dilation, outputs, lows, chunk_bytes
):
    x, w = normal(2, *lengths, 3), normal(*kernel, 2, 3, seed=1)
    (y,) = check(lambda x, w: conv_transpose(x, w, strides, padding, extra, dilation_rate=dilation), x, w)
    expected = references.conv_transpose(x, w, outputs, strides, lows, (dilation,) * len(lengths))
    np.testing.assert_allclose(y, expected, atol=1e-12)


@pytest.mark.parametrize("function", [conv, depthwise_conv])
def test_rows_may_be_divided_among_processes(function):
    x, w = normal(5, 6, 5, 2), normal(3, 3, 2, 4, seed=1)
    check_divided(function, x, w, batched=(True, False))


def test_transposed_rows_may_be_divided_among_processes():
    check_divided(lambda x, w: conv_transpose(x, w, 2, "same"), normal(5, 4, 3), normal(3, 2, 3), batched=(True, False))


def test_conv_keeps_float32():
    x, w = normal(2, 6, 6, 3).astype(np.float32), normal(3, 3, 3, 4).astype(np.float32)
    assert conv(x, w).numpy().dtype == np.float32
    np.testing.assert_allclose(conv(x, w).numpy(), conv(x.astype(float), w.astype(float)).numpy(), rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(inputs=np.ones((2, 5, 5, 3)), kernel=np.ones((3, 3, 2, 4))), "3 channels and a kernel of shape"),
        (dict(inputs=np.ones((2, 2, 5, 3)), kernel=np.ones((3, 3, 3, 4))), "at least as large as the window"),
        (dict(inputs=np.ones((2, 5, 3)), kernel=np.ones((3, 3, 3, 4))), "of the same rank"),
        (dict(inputs=np.ones((2, 5, 3)), kernel=np.ones((3, 3, 4)), padding="full"), "padding='full'"),
        (dict(inputs=np.ones((2, 5, 3)), kernel=np.ones((3, 3, 4)), strides=0), "strides=0"),
        (dict(inputs=np.ones((2, 5, 3)), kernel=np.ones((3, 3, 4)), dilation_rate=(1, 2)), r"dilation_rate=\(1, 2\)"),
    ],
)
def test_conv_names_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        conv(**arguments)


def test_conv_transpose_names_an_output_padding_that_is_too_large():
    with pytest.raises(ValueError, match="output_padding=2"):
        conv_transpose(np.ones((1, 4, 3)), np.ones((3, 2, 3)), 2, "valid", 2)
