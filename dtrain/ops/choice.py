"""One of two values: by their order or by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor, broadcast_specs, promote
from dtrain.graph.symbolic import symbolic

from .broadcasting import Binary, binary, product_target, reduce_to
from .creation import cast, value_of_all


class _Extremum(Binary):
    """One of two. `mask` says where it is the first."""

    in_place = ()

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> dict[str, Spec]:
        specs = Binary.spec(x1, x2)
        return {**specs, "mask": specs["y"].with_dtype(np.bool_)}


class Maximum(_Extremum):
    """Where both are equal, the gradient goes to the first."""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.maximum(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x1: Array, x2: Array, scratch: Array, mask: Array, dx1: Array) -> None:
        reduce_to(np.multiply(dy, np.greater_equal(x1, x2, out=mask), out=product_target(dy, scratch, dx1)), dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, x2: Array, scratch: Array, mask: Array, dx2: Array) -> None:
        reduce_to(np.multiply(dy, np.less(x1, x2, out=mask), out=product_target(dy, scratch, dx2)), dx2)


class Minimum(_Extremum):
    """Where both are equal, the gradient goes to the first."""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.minimum(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x1: Array, x2: Array, scratch: Array, mask: Array, dx1: Array) -> None:
        reduce_to(np.multiply(dy, np.less_equal(x1, x2, out=mask), out=product_target(dy, scratch, dx1)), dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, x2: Array, scratch: Array, mask: Array, dx2: Array) -> None:
        reduce_to(np.multiply(dy, np.greater(x1, x2, out=mask), out=product_target(dy, scratch, dx2)), dx2)


@symbolic
def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger of two; where they are equal, the gradient goes to the first."""
    return binary(Maximum, x1, x2)


@symbolic
def minimum(x1: Any, x2: Any) -> Tensor:
    """The smaller of two; where they are equal, the gradient goes to the first."""
    return binary(Minimum, x1, x2)


_INTEGERS = {4: np.int32, 8: np.int64}


class Where(Op):
    """y = x1 where the condition holds, else x2. `bits` are all ones where it holds, for values of 4 or 8 bytes."""

    @staticmethod
    def spec(condition: Spec, x1: Spec, x2: Spec) -> dict[str, Spec]:
        shape, batch, total = broadcast_specs("where", condition, x1, x2)
        y = Spec(shape, promote(x1.dtype, x2.dtype), batch, total)
        same = x1.shape == x2.shape == shape
        bits = condition.with_dtype(_INTEGERS.get(y.dtype.itemsize, np.int8))
        return {
            "y": y,
            "scratch": y.with_shape((0,) if same else shape).replicated(),
            "mask": condition.with_dtype(np.bool_),
            "bits": bits,
        }

    @staticmethod
    def forward(condition: Array, x1: Array, x2: Array, y: Array, mask: Array, bits: Array) -> None:
        np.copyto(mask, condition, casting="unsafe")
        if x1.dtype == x2.dtype and bits.dtype.itemsize == y.dtype.itemsize:
            np.negative(mask.view(np.int8), out=bits)
            a, b, chosen = (v.view(bits.dtype) for v in (x1, x2, y))
            np.bitwise_xor(a, b, out=chosen)  # several times as fast as a choice by branches
            np.bitwise_and(chosen, bits, out=chosen)
            np.bitwise_xor(chosen, b, out=chosen)
        else:
            np.copyto(y, x2)
            np.copyto(y, x1, where=mask)

    @staticmethod
    def dx1(dy: Array, mask: Array, scratch: Array, dx1: Array) -> None:
        target = product_target(dy, scratch, dx1)
        reduce_to(np.multiply(dy, mask, out=target), dx1)

    @staticmethod
    def dx2(dy: Array, mask: Array, scratch: Array, dx2: Array) -> None:
        target = product_target(dy, scratch, dx2)
        np.multiply(dy, mask, out=target)
        reduce_to(np.subtract(dy, target, out=target), dx2)


@symbolic
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2; without them, the indices of the elements that hold, an array per axis."""
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected x1 and x2, or neither. Received one of them")
    a, b = _pair(x1, x2)
    return apply(Where, as_tensor(condition), a, b)


def _pair(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Two operands, of which Python's own numbers take the dtype of the other."""
    a, b = as_tensor(x1), as_tensor(x2)
    weak = (bool, int, float)
    if isinstance(x1, weak) and not isinstance(x2, weak) and (b.spec.is_float or not isinstance(x1, float)):
        a = cast(a, b.dtype)
    elif isinstance(x2, weak) and not isinstance(x1, weak) and (a.spec.is_float or not isinstance(x2, float)):
        b = cast(b, a.dtype)
    return a, b


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, an array per axis; for known values only."""
    return tuple(as_tensor(i.astype(np.int32)) for i in np.nonzero(value_of_all(x)))
