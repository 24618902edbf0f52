"""A last activation and the crossentropy of its output as one op, written by `fusion` into the place of both.

The numbers are those of the two: probabilities are clipped as in `loss`. The two gradients are one: the activation's
slope, by which that of the crossentropy divides, cancels. Nobody but the loss may ask for a gradient of `p`.
"""

from __future__ import annotations

import numpy as np

from dtrain.graph import Array, Op, Spec, StepContext
from dtrain.kernels import activation_losses as kernels
from dtrain.kernels import softmax as softmax_kernels

from .loss import CategoricalCrossentropy, Sparse, rows_of


class SoftmaxOfLabels(Sparse):
    """p = softmax(x), y = -log(p[target]).   target (...)   x, p (..., C)   y (...)"""

    outputs = ("p", "y")
    in_place = ("x",)

    @staticmethod
    def spec(target: Spec, x: Spec) -> dict[str, Spec]:
        y = CategoricalCrossentropy.spec(x, x)["y"]
        return {"p": x, "y": y, "row": y, "row_back": y, "index": y.with_dtype(np.intp)}

    @staticmethod
    def forward(target: Array, x: Array, p: Array, y: Array, row: Array, index: Array, *, context: StepContext) -> None:
        flat = Sparse.find(target, x.shape[-1], index, context)
        kernels.softmax_of_labels(rows_of(x), flat, rows_of(p), y.reshape(-1), row.reshape(-1))

    @staticmethod
    def dx(dy: Array, index: Array, p: Array, row_back: Array, dx: Array) -> None:
        kernels.softmax_of_labels_gradient(
            dy.reshape(-1), index.reshape(-1), rows_of(p), row_back.reshape(-1), rows_of(dx)
        )


class SoftmaxCrossentropy(Op):
    """p = softmax(x), y = -sum(target * log(p)) along the last axis.   target, x, p (..., C)   y (...)"""

    outputs = ("p", "y")
    in_place = ("x",)

    @staticmethod
    def spec(target: Spec, x: Spec) -> dict[str, Spec]:
        y = CategoricalCrossentropy.spec(target, x)["y"]
        return {"p": x, "y": y, "row": y, "row_back": y, "scratch": x, "scratch_back": x}

    @staticmethod
    def forward(target: Array, x: Array, p: Array, y: Array, row: Array, scratch: Array) -> None:
        softmax_kernels.softmax(rows_of(x), rows_of(p), row.reshape(-1, 1), 1)
        kernels.crossentropy(rows_of(target), rows_of(p), y.reshape(-1), rows_of(scratch))

    @staticmethod
    def dtarget(dy: Array, p: Array, dtarget: Array) -> None:
        kernels.crossentropy_target_gradient(dy.reshape(-1), rows_of(p), rows_of(dtarget))

    @staticmethod
    def dx(dy: Array, target: Array, p: Array, row_back: Array, scratch_back: Array, dx: Array) -> None:
        kernels.softmax_crossentropy_gradient(
            dy.reshape(-1), rows_of(target), rows_of(p), row_back.reshape(-1), rows_of(scratch_back), rows_of(dx)
        )


class SigmoidCrossentropy(Op):
    """p = sigmoid(x), y = -(target * log(p) + (1 - target) * log(1 - p)).   target, x, p, y of one shape"""

    outputs = ("p", "y")
    in_place = ("x",)

    @staticmethod
    def spec(target: Spec, x: Spec) -> dict[str, Spec]:
        return {"p": x, "y": x, "scratch": x, "scratch_back": x}

    @staticmethod
    def forward(target: Array, x: Array, p: Array, y: Array, scratch: Array) -> None:
        kernels.sigmoid_crossentropy(target, x, p, y, scratch)

    @staticmethod
    def dtarget(dy: Array, p: Array, scratch_back: Array, dtarget: Array) -> None:
        kernels.binary_target_gradient(dy, p, scratch_back, dtarget)

    @staticmethod
    def dx(dy: Array, target: Array, p: Array, scratch_back: Array, dx: Array) -> None:
        kernels.sigmoid_crossentropy_gradient(dy, target, p, scratch_back, dx)
