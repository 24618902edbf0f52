"""Whole numbers bit by bit, and their common divisors and multiples: no gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, broadcast_specs, promote
from dtrain.graph.symbolic import symbolic

from .broadcasting import binary
from .elementwise import unary


def _require_whole(name: str, *operands: Spec) -> None:
    for x in operands:
        if x.dtype.kind not in "biu":
            raise ValueError(f"{name}: expected integers or booleans. Received: dtype {x.dtype}")


class _Bits(Op):
    @staticmethod
    def spec(x1: Spec, x2: Spec) -> Spec:
        _require_whole("bitwise operation", x1, x2)
        shape, batch, total = broadcast_specs("operands", x1, x2)
        return Spec(shape, promote(x1.dtype, x2.dtype), batch, total)


class BitwiseAnd(_Bits):
    """y = x1 & x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.bitwise_and(x1, x2, out=y)


class BitwiseOr(_Bits):
    """y = x1 | x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.bitwise_or(x1, x2, out=y)


class BitwiseXor(_Bits):
    """y = x1 ^ x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.bitwise_xor(x1, x2, out=y)


class LeftShift(_Bits):
    """y = x1 << x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.left_shift(x1, x2, out=y)


class RightShift(_Bits):
    """y = x1 >> x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.right_shift(x1, x2, out=y)


class GreatestDivisor(_Bits):
    """y = gcd(x1, x2)"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.gcd(x1, x2, out=y)


class LeastMultiple(_Bits):
    """y = lcm(x1, x2)"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.lcm(x1, x2, out=y)


class BitwiseNot(Op):
    """y = ~x"""

    @staticmethod
    def spec(x: Spec) -> Spec:
        _require_whole("bitwise_not", x)
        return x

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.invert(x, out=y)


@symbolic
def bitwise_and(x: Any, y: Any) -> Tensor:
    """`x & y`, bit by bit."""
    return binary(BitwiseAnd, x, y)


@symbolic
def bitwise_or(x: Any, y: Any) -> Tensor:
    """`x | y`, bit by bit."""
    return binary(BitwiseOr, x, y)


@symbolic
def bitwise_xor(x: Any, y: Any) -> Tensor:
    """The bits that are set in one of x and y only."""
    return binary(BitwiseXor, x, y)


@symbolic
def bitwise_not(x: Any) -> Tensor:
    """x with every bit turned over; of booleans the opposite."""
    return unary(BitwiseNot, x)


@symbolic
def bitwise_left_shift(x: Any, y: Any) -> Tensor:
    """`x * 2**y` of whole numbers."""
    return binary(LeftShift, x, y)


@symbolic
def bitwise_right_shift(x: Any, y: Any) -> Tensor:
    """`x // 2**y` of whole numbers."""
    return binary(RightShift, x, y)


@symbolic
def gcd(x1: Any, x2: Any) -> Tensor:
    """The greatest common divisors of whole numbers."""
    return binary(GreatestDivisor, x1, x2)


@symbolic
def lcm(x1: Any, x2: Any) -> Tensor:
    """The least common multiples of whole numbers."""
    return binary(LeastMultiple, x1, x2)


bitwise_invert = bitwise_not
left_shift = bitwise_left_shift
right_shift = bitwise_right_shift
