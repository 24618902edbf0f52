"""Chains of ops as one op, written by `fusion` into the place of their parts: the same numbers in fewer passes."""

from __future__ import annotations

import numpy as np

from dtrain.graph import Array, Op, Spec, promote
from dtrain.kernels import convolution as kernels
from dtrain.kernels import convolution_gradient as gradients
from dtrain.kernels import dense
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


class DenseActivation(Op):
    """y = activation(x @ w + b).   x (..., I)   w (I, O)   b (O,)   y (..., O)"""

    @staticmethod
    def spec(x: Spec, w: Spec, b: Spec, *, activation: str) -> dict[str, Spec]:
        y = Spec((*x.shape[:-1], w.shape[1]), promote(x.dtype, w.dtype), x.batch, x.total)
        return {"y": y, "g": Spec((0,), y.dtype) if activation == "linear" else y}

    @staticmethod
    def forward(x: Array, w: Array, b: Array, y: Array, *, activation: str) -> None:
        dense.forward(x.reshape(-1, len(w)), w, b, y.reshape(-1, len(b)), activation=activation)

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
