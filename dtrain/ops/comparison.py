"""Comparison and logic: their results are booleans and have no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, as_tensor, broadcast_specs
from dtrain.graph.symbolic import symbolic

from .broadcasting import binary
from .elementwise import unary


class _Compare(Op):
    @staticmethod
    def spec(x1: Spec, x2: Spec) -> Spec:
        shape, batch, total = broadcast_specs("operands", x1, x2)
        return Spec(shape, np.dtype(np.bool_), batch, total)


class _Test(Op):
    @staticmethod
    def spec(x: Spec) -> Spec:
        return x.with_dtype(np.bool_)


class Equal(_Compare):
    """y = x1 == x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.equal(x1, x2, out=y)


class NotEqual(_Compare):
    """y = x1 != x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.not_equal(x1, x2, out=y)


class Less(_Compare):
    """y = x1 < x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.less(x1, x2, out=y)


class LessEqual(_Compare):
    """y = x1 <= x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.less_equal(x1, x2, out=y)


class LogicalAnd(_Compare):
    """y = x1 and x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.logical_and(x1, x2, out=y)


class LogicalOr(_Compare):
    """y = x1 or x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.logical_or(x1, x2, out=y)


class LogicalXor(_Compare):
    """y = either x1 or x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.logical_xor(x1, x2, out=y)


class LogicalNot(_Test):
    """y = not x"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.logical_not(x, out=y)


class IsFinite(_Test):
    """y = x is a finite number"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.isfinite(x, out=y)


class IsInf(_Test):
    """y = x is infinite"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.isinf(x, out=y)


class IsNan(_Test):
    """y = x is not a number"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.isnan(x, out=y)


@symbolic
def equal(x1: Any, x2: Any) -> Tensor:
    """`x1 == x2`"""
    return binary(Equal, x1, x2)


@symbolic
def not_equal(x1: Any, x2: Any) -> Tensor:
    """`x1 != x2`"""
    return binary(NotEqual, x1, x2)


@symbolic
def less(x1: Any, x2: Any) -> Tensor:
    """`x1 < x2`"""
    return binary(Less, x1, x2)


@symbolic
def less_equal(x1: Any, x2: Any) -> Tensor:
    """`x1 <= x2`"""
    return binary(LessEqual, x1, x2)


@symbolic
def greater(x1: Any, x2: Any) -> Tensor:
    """`x1 > x2`"""
    return binary(Less, x2, x1)


@symbolic
def greater_equal(x1: Any, x2: Any) -> Tensor:
    """`x1 >= x2`"""
    return binary(LessEqual, x2, x1)


@symbolic
def logical_and(x1: Any, x2: Any) -> Tensor:
    """True where both are true (not zero)."""
    return binary(LogicalAnd, x1, x2)


@symbolic
def logical_or(x1: Any, x2: Any) -> Tensor:
    """True where one is true (not zero)."""
    return binary(LogicalOr, x1, x2)


@symbolic
def logical_xor(x1: Any, x2: Any) -> Tensor:
    """True where exactly one is true (not zero)."""
    return binary(LogicalXor, x1, x2)


@symbolic
def logical_not(x: Any) -> Tensor:
    """True where x is false (zero)."""
    return unary(LogicalNot, x)


@symbolic
def isfinite(x: Any) -> Tensor:
    """True where x is neither infinite nor NaN."""
    return unary(IsFinite, x)


@symbolic
def isinf(x: Any) -> Tensor:
    """True where x is infinite."""
    return unary(IsInf, x)


@symbolic
def isnan(x: Any) -> Tensor:
    """True where x is not a number."""
    return unary(IsNan, x)


@symbolic
def isposinf(x: Any) -> Tensor:
    """True where x is positive infinity."""
    return binary(Equal, x, float("inf"))


@symbolic
def isneginf(x: Any) -> Tensor:
    """True where x is negative infinity."""
    return binary(Equal, x, float("-inf"))


@symbolic
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """`|x1 - x2| <= atol + rtol * |x2|`, or equal (infinities; with `equal_nan` also NaN)."""
    a, b = as_tensor(x1), as_tensor(x2)
    close = (abs(a - b) <= abs(b) * rtol + atol) & isfinite(a) & isfinite(b) | equal(a, b)
    return close | (isnan(a) & isnan(b)) if equal_nan else close  # type: ignore[no-any-return]
