"""What all ops of two operands share: they broadcast, and their gradients are summed back."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor, broadcast_specs, promote


def reduce_to(source: Array, out: Array) -> None:
    """Sum `source` over the axes along which `out` was broadcast to it."""
    if source.shape == out.shape:
        if source is not out:
            np.copyto(out, source)
        return
    lead = source.ndim - out.ndim
    padded = (1,) * lead + out.shape
    axes = tuple(k for k, n in enumerate(padded) if k < lead or (n == 1 and source.shape[k] != 1))
    if axes == tuple(range(lead)) and out.ndim == 1 and out.size:
        np.add.reduce(source.reshape(-1, out.shape[0]), axis=0, out=out)
    else:
        np.add.reduce(source, axis=axes, keepdims=True, out=out.reshape(padded))


class Binary(Op):
    """y = f(x1, x2) with broadcasting. `scratch` has y's shape where an operand was broadcast, else no elements."""

    in_place: ClassVar[tuple[str, ...]] = ("x1", "x2")

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> dict[str, Spec]:
        shape, batch, total = broadcast_specs("operands", x1, x2)
        y = Spec(shape, promote(x1.dtype, x2.dtype), batch, total)
        same = x1.shape == x2.shape
        return {"y": y, "scratch": y.with_shape((0,) if same else shape).replicated()}


def product_target(dy: Array, scratch: Array, dx: Array) -> Array:
    """Where a product with dy goes before it is summed to the shape of dx."""
    return dx if dx.shape == dy.shape else scratch


def _weak(value: Any) -> bool:
    """Whether a value is Python's own and takes its dtype from the other operand (numpy.float64 is a float)."""
    return isinstance(value, (bool, int, float, list, tuple))


def binary(op: type[Op], x1: Any, x2: Any) -> Tensor:
    """Call a binary op; a Python number takes the dtype of the other operand (a float one makes an integer float)."""
    if _weak(x1) and not _weak(x2):
        b = as_tensor(x2)
        return apply(op, as_tensor(x1, _weak_dtype(x1, b)), b)  # type: ignore[no-any-return]
    a = as_tensor(x1)
    return apply(op, a, as_tensor(x2, _weak_dtype(x2, a) if _weak(x2) else None))  # type: ignore[no-any-return]


def _weak_dtype(value: Any, other: Tensor) -> np.dtype[Any] | None:
    if other.spec.is_float or (np.asarray(value).dtype.kind in "iu" and other.spec.dtype.kind in "iu"):
        return other.spec.dtype
    return None
