"""Crossentropies as single ops, each with its gradient. N rows, C classes.

As in Keras, probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7]; no gradient flows where they are
clipped. With `from_logits` neither is done: the outputs are logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, StepContext, Tensor, apply, as_tensor, broadcast_specs
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import activation_losses as fused
from dtrain.kernels import crossentropy as kernels

from .creation import cast
from .elementwise import float_dtype
from .gathering import laid_alike
from .rows import require_whole_rows
from .shaping import moveaxis, normalize_axis, squeeze


def rows_of(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def _row(x: Spec) -> Spec:
    """A number for each row of x."""
    require_whole_rows("crossentropy", x, (x.ndim - 1,))
    return Spec(x.shape[:-1], x.dtype, x.batch if x.batch != x.ndim - 1 else None, x.total)


class CategoricalCrossentropy(Op):
    """y = -sum(target * log(p)) along the last axis.   target, output (..., C)   y (...)"""

    @staticmethod
    def spec(target: Spec, output: Spec) -> dict[str, Spec]:
        y = _row(output)
        buffers = {name: output for name in ("p", "logs")}
        return {"y": y, "scale": y, "row": y, "inside": output.with_dtype(np.bool_), **buffers}

    @staticmethod
    def forward(
        target: Array, output: Array, y: Array, p: Array, scale: Array, logs: Array, *, from_logits: bool
    ) -> None:
        kernels.log_probabilities(rows_of(output), from_logits, rows_of(p), scale.reshape(-1), rows_of(logs))
        kernels.categorical(rows_of(target), rows_of(logs), y.reshape(-1))

    @staticmethod
    def dtarget(dy: Array, logs: Array, dtarget: Array) -> None:
        np.multiply(logs, dy[..., None], out=dtarget)
        np.negative(dtarget, out=dtarget)

    @staticmethod
    def doutput(
        dy: Array,
        target: Array,
        p: Array,
        scale: Array,
        row: Array,
        inside: Array,
        doutput: Array,
        *,
        from_logits: bool,
    ) -> None:
        kernels.categorical_gradient(
            dy.reshape(-1), rows_of(target), from_logits, rows_of(p), scale.reshape(-1), row.reshape(-1),
            rows_of(inside), rows_of(doutput),
        )  # fmt: skip


class Sparse(Op):
    """y = -log(p[target]).   target (...)   output (..., C)   y (...)"""

    @staticmethod
    def find(target: Array, classes: int, index: Array, context: StepContext) -> Array:
        """`index` of one axis, filled with the place of each row's label among all outputs."""
        flat = index.reshape(-1)
        if not kernels.places(target.reshape(-1), classes, flat):
            place = int(np.argmax(~((target >= 0) & (target < classes))))
            row, *rest = np.unravel_index(place, target.shape) if target.ndim else (0,)
            where = f"row {int(row) + context.first_row}" + (f", place {tuple(map(int, rest))}" if rest else "")
            raise ValueError(
                f"sparse_categorical_crossentropy: expected labels in [0, {classes}), one of {classes} classes. "
                f"Received: label {target.flat[place]} in {where} of the batch"
            )
        return flat


class SparseLogits(Sparse):
    """The outputs are logits."""

    @staticmethod
    def spec(target: Spec, output: Spec) -> dict[str, Spec]:
        y = _row(output)
        return {"y": y, "p": output, "scale": y, "index": y.with_dtype(np.intp)}

    @staticmethod
    def forward(
        target: Array, output: Array, y: Array, p: Array, scale: Array, index: Array, *, context: StepContext
    ) -> None:
        flat = Sparse.find(target, output.shape[-1], index, context)
        kernels.sparse_logits(rows_of(output), flat, y.reshape(-1), rows_of(p), scale.reshape(-1))

    @staticmethod
    def doutput(dy: Array, index: Array, p: Array, doutput: Array) -> None:
        kernels.sparse_logits_gradient(dy.reshape(-1), index.reshape(-1), rows_of(p), rows_of(doutput))


class SparseProbabilities(Sparse):
    """The outputs are probabilities."""

    @staticmethod
    def spec(target: Spec, output: Spec) -> dict[str, Spec]:
        y = _row(output)
        return {"y": y, "scale": y, "q": y, "row": y, "index": y.with_dtype(np.intp)}

    @staticmethod
    def forward(
        target: Array, output: Array, y: Array, scale: Array, q: Array, index: Array, *, context: StepContext
    ) -> None:
        flat = Sparse.find(target, output.shape[-1], index, context)
        kernels.sparse_probabilities(rows_of(output), flat, y.reshape(-1), scale.reshape(-1), q.reshape(-1))

    @staticmethod
    def doutput(dy: Array, index: Array, scale: Array, q: Array, row: Array, doutput: Array) -> None:
        kernels.sparse_probabilities_gradient(
            dy.reshape(-1), index.reshape(-1), scale.reshape(-1), q.reshape(-1), row.reshape(-1), rows_of(doutput)
        )


class _Binary(Op):
    """Element by element.   target, output, y of one shape"""

    @staticmethod
    def spec(target: Spec, output: Spec) -> dict[str, Spec]:
        shape, batch, total = broadcast_specs("binary_crossentropy", target, output)
        y = Spec(shape, output.dtype, batch, total)
        return {"y": y, "scratch": y, "inside": y.with_dtype(np.bool_)}


class BinaryLogits(_Binary):
    """The outputs are logits: dx = dy * (sigmoid(x) - target)."""

    @staticmethod
    def forward(target: Array, output: Array, y: Array, scratch: Array) -> None:
        kernels.binary_logits(target, output, y, scratch)

    @staticmethod
    def dtarget(dy: Array, output: Array, dtarget: Array) -> None:
        np.negative(np.multiply(dy, output, out=dtarget), out=dtarget)

    @staticmethod
    def doutput(dy: Array, target: Array, output: Array, doutput: Array) -> None:
        np.exp(np.negative(output, out=doutput), out=doutput)
        np.divide(1, np.add(doutput, 1, out=doutput), out=doutput)
        np.multiply(np.subtract(doutput, target, out=doutput), dy, out=doutput)


class BinaryProbabilities(_Binary):
    """The outputs are probabilities."""

    @staticmethod
    def forward(target: Array, output: Array, y: Array, scratch: Array) -> None:
        kernels.binary_probabilities(target, output, y, scratch)

    @staticmethod
    def dtarget(dy: Array, output: Array, scratch: Array, dtarget: Array) -> None:
        fused.binary_target_gradient(dy, output, scratch, dtarget)

    @staticmethod
    def doutput(dy: Array, target: Array, output: Array, scratch: Array, inside: Array, doutput: Array) -> None:
        kernels.binary_probabilities_gradient(dy, target, output, scratch, inside, doutput)


def _output(output: Any) -> Tensor:
    tensor = as_tensor(output)
    return cast(tensor, float_dtype(tensor.spec.dtype))


@symbolic
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """`-sum(target * log(p), axis)`, p = `output / sum(output)` clipped, or `softmax(output)` with `from_logits`.

    Raises:
        ValueError: if target and output differ in shape or have no axis of classes.
    """
    y = _output(output)
    t = cast(target, y.dtype)
    if not y.ndim or t.spec.global_shape != y.spec.global_shape:
        raise ValueError(
            "categorical_crossentropy: expected target and output of one shape with an axis of classes. "
            f"Received: target.shape={t.spec.global_shape}, output.shape={y.spec.global_shape}"
        )
    place = normalize_axis("categorical_crossentropy", axis, y.ndim)
    t, y = laid_alike(moveaxis(t, place, -1), moveaxis(y, place, -1))
    return apply(CategoricalCrossentropy, t, y, from_logits=from_logits)  # type: ignore[no-any-return]


@symbolic
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """`-log(p[target])` along `axis`, p = `output / sum(output)` clipped, or `softmax(output)` with `from_logits`.

    Raises:
        ValueError: if the shape of target is not that of output without `axis`; when it runs, if a label is not in
            `[0, number of classes)`.
    """
    y, t = _output(output), as_tensor(target)
    if t.ndim == y.ndim and t.spec.global_shape[-1] == 1:
        t = squeeze(t, -1)
    place = normalize_axis("sparse_categorical_crossentropy", axis, y.ndim)
    y = moveaxis(y, place, -1)
    if t.spec.global_shape != y.spec.global_shape[:-1]:
        raise ValueError(
            f"sparse_categorical_crossentropy: expected labels of shape {y.spec.global_shape[:-1]} for an output of "
            f"shape {y.spec.global_shape}. Received: target.shape={t.spec.global_shape}"
        )
    require_whole_rows("sparse_categorical_crossentropy", y.spec, (y.ndim - 1,))
    return apply(SparseLogits if from_logits else SparseProbabilities, *laid_alike(t, y))  # type: ignore[no-any-return]


@symbolic
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """`-(target * log(p) + (1 - target) * log(1 - p))`, p = `output` clipped, or `sigmoid(output)` with `from_logits`.

    Raises:
        ValueError: if target and output differ in shape.
    """
    y = _output(output)
    t = cast(target, y.dtype)
    if t.spec.global_shape != y.spec.global_shape:
        raise ValueError(
            "binary_crossentropy: expected target and output of one shape. "
            f"Received: target.shape={t.spec.global_shape}, output.shape={y.spec.global_shape}"
        )
    return apply(BinaryLogits if from_logits else BinaryProbabilities, t, y)  # type: ignore[no-any-return]
