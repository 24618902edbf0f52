"""Chains of ops as one op, written by `fusion` into the place of their parts: the same numbers in fewer passes."""

from __future__ import annotations

import numpy as np

from dtrain.graph import Array, Op, Spec, promote
from dtrain.kernels import convolution as kernels
from dtrain.kernels import convolution_gradient as gradients
from dtrain.kernels import dense, rows
from dtrain.kernels.numpy.normalization import scale_of
from dtrain.kernels.numpy.windows import Pairs, Shape


class ConvBiasActivationPool(Op):
    """y = max_pool(activation(conv(x, w) + b)); `pool` None: without pooling.

    x (N, *lengths, C)   w (*kernel, C, F)   b (F,)   y (N, *cells, F)
    """

    @staticmethod
    def spec(
        x: Spec, w: Spec, b: Spec, *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None
    ) -> dict[str, Spec]:
        windows = kernels.windows_of(x.shape[1:-1], w.shape, strides, padding, dilation, pool, True)
        y = Spec((x.shape[0], *windows.cells, w.shape[-1]), promote(x.dtype, w.dtype), x.batch, x.total)
        size = (x.shape[0], w.shape[-1], y.dtype.itemsize)
        return {
            "y": y,
            "winner": y.with_dtype(np.uint8) if pool else Spec((0,), np.dtype(np.uint8)),
            "scratch": Spec((kernels.forward_scratch(windows, *size),), y.dtype),
            "scratch_back": Spec((gradients.backward_scratch(windows, *size),), y.dtype),
        }

    @staticmethod
    def forward(
        x: Array, w: Array, b: Array, y: Array, winner: Array, scratch: Array,
        *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, activation: str,
    ) -> None:  # fmt: skip
        kernels.forward(
            x, w, b, y, winner if pool else None, scratch,
            strides=strides, padding=padding, dilation=dilation, pool=pool, activation=activation,
        )  # fmt: skip

    @staticmethod
    def backward(
        dy: Array, x: Array, w: Array, y: Array, winner: Array,
        dx: Array | None, dw: Array | None, db: Array | None, scratch_back: Array,
        *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, activation: str,
    ) -> None:  # fmt: skip
        gradients.backward(
            dy, x, w, y, winner if pool else None, dx, dw, db, scratch_back,
            strides=strides, padding=padding, dilation=dilation, pool=pool, activation=activation, bias=True,
        )  # fmt: skip


class ConvNormalization(Op):
    """y = max_pool(activation((conv(x, w) - mean) / sqrt(variance + epsilon) * gamma + beta)), without gradients.

    Done by a convolution with other weights: y = max_pool(activation(conv(x, w * factor) + (beta - mean * factor))).
    All vectors (F,).
    """

    @staticmethod
    def spec(
        x: Spec, w: Spec, mean: Spec, variance: Spec, gamma: Spec, beta: Spec,
        *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None,
    ) -> dict[str, Spec]:  # fmt: skip
        specs = ConvBiasActivationPool.spec(x, w, beta, strides=strides, padding=padding, dilation=dilation, pool=pool)
        return {"folded": w, "shift": beta, **{name: specs[name] for name in ("y", "winner", "scratch")}}

    @staticmethod
    def forward(
        x: Array, w: Array, mean: Array, variance: Array, gamma: Array, beta: Array,
        y: Array, folded: Array, shift: Array, winner: Array, scratch: Array,
        *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, activation: str, epsilon: float,
    ) -> None:  # fmt: skip
        factor = (scale_of(variance, epsilon) * gamma).astype(w.dtype)
        np.multiply(w, factor, out=folded)
        np.subtract(beta, mean * factor, out=shift)
        kernels.forward(
            x, folded, shift, y, winner if pool else None, scratch,
            strides=strides, padding=padding, dilation=dilation, pool=pool, activation=activation,
        )  # fmt: skip


class BiasedConvNormalization(Op):
    """`ConvNormalization` of a convolution with a bias b (F,)."""

    @staticmethod
    def spec(
        x: Spec, w: Spec, b: Spec, mean: Spec, variance: Spec, gamma: Spec, beta: Spec,
        *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None,
    ) -> dict[str, Spec]:  # fmt: skip
        return ConvNormalization.spec(
            x, w, mean, variance, gamma, beta, strides=strides, padding=padding, dilation=dilation, pool=pool
        )

    @staticmethod
    def forward(
        x: Array, w: Array, b: Array, mean: Array, variance: Array, gamma: Array, beta: Array,
        y: Array, folded: Array, shift: Array, winner: Array, scratch: Array,
        *, strides: Shape, padding: Pairs, dilation: Shape, pool: Shape | None, activation: str, epsilon: float,
    ) -> None:  # fmt: skip
        ConvNormalization.forward(
            x, w, mean - b, variance, gamma, beta, y, folded, shift, winner, scratch,
            strides=strides, padding=padding, dilation=dilation, pool=pool, activation=activation, epsilon=epsilon,
        )  # fmt: skip


class DenseActivation(Op):
    """y = activation(x @ w + b).   x (..., I)   w (I, O)   b (O,)   y (..., O)"""

    @staticmethod
    def spec(x: Spec, w: Spec, b: Spec, *, activation: str) -> dict[str, Spec]:
        y = Spec((*x.shape[:-1], w.shape[1]), promote(x.dtype, w.dtype), x.batch, x.total)
        return {"y": y, "g": Spec((0,), y.dtype) if activation == "linear" else y}

    @staticmethod
    def forward(x: Array, w: Array, b: Array, y: Array, *, activation: str) -> None:
        if x.ndim != 2:
            x, y = x.reshape(-1, len(w)), y.reshape(-1, len(b))
        dense.forward(x, w, b, y, activation=activation)

    @staticmethod
    def backward(
        dy: Array, x: Array, w: Array, y: Array, g: Array, dx: Array | None, dw: Array | None, db: Array | None,
        *, activation: str,
    ) -> None:  # fmt: skip
        inputs, outputs = w.shape
        dense.backward(
            dy.reshape(-1, outputs), x.reshape(-1, inputs), w, y.reshape(-1, outputs),
            g if activation == "linear" else g.reshape(-1, outputs),
            None if dx is None else dx.reshape(-1, inputs), dw, db, activation=activation,
        )  # fmt: skip


class ScaledCast(Op):
    """y = x * factor, for integers x and a number of y's dtype."""

    @staticmethod
    def spec(x: Spec, factor: Spec) -> Spec:
        return x.with_dtype(factor.dtype)

    @staticmethod
    def forward(x: Array, factor: Array, y: Array) -> None:
        rows.scaled(x, float(factor), y)
