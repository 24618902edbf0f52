"""The base of ops that treat every element alone, and the elementary functions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a real-valued function of numbers of `dtype`: integers and booleans become float32."""
    return dtype if dtype.kind == "f" else np.dtype(np.float32)


class Elementwise(Op):
    """y = f(x), element by element; the dtype stays."""

    in_place: ClassVar[tuple[str, ...]] = ("x",)

    @staticmethod
    def spec(x: Spec) -> Spec:
        return x


class RealFunction(Op):
    """y = f(x), element by element; y is a float."""

    in_place: ClassVar[tuple[str, ...]] = ("x",)

    @staticmethod
    def spec(x: Spec) -> Spec:
        return x.with_dtype(float_dtype(x.dtype))


class ScratchFunction(Op):
    """y = f(x), element by element, where a gradient needs `scratch` of the shape of y."""

    in_place: ClassVar[tuple[str, ...]] = ("x",)

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        y = x.with_dtype(float_dtype(x.dtype))
        return {"y": y, "scratch": y}


class Negative(Elementwise):
    """y = -x, dx = -dy"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.negative(x, out=y)

    @staticmethod
    def dx(dy: Array, dx: Array) -> None:
        np.negative(dy, out=dx)


class Absolute(Elementwise):
    """The gradient at 0 is 0."""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.absolute(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        np.multiply(dy, np.sign(x, out=dx), out=dx)


class Sign(Elementwise):
    """Flat almost everywhere: no gradient."""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.sign(x, out=y)


class Square(Elementwise):
    """y = x * x, dx = 2 * dy * x"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.multiply(x, x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        np.multiply(dy, x, out=dx)
        np.add(dx, dx, out=dx)


class Exp(RealFunction):
    """y = exp(x), dx = dy * y"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.exp(x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.multiply(dy, y, out=dx)


class Expm1(RealFunction):
    """y = exp(x) - 1, dx = dy * (y + 1)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.expm1(x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.multiply(dy, np.add(y, 1, out=dx), out=dx)


class Log(RealFunction):
    """y = log(x), dx = dy / x"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.log(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        np.divide(dy, x, out=dx)


class Log1p(RealFunction):
    """y = log(1 + x), dx = dy / (1 + x)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.log1p(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        np.divide(dy, np.add(x, 1, out=dx), out=dx)


class Sqrt(RealFunction):
    """y = sqrt(x), dx = dy / (2 * y)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.sqrt(x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.divide(dy, y, out=dx)
        np.multiply(dx, 0.5, out=dx)


class Rsqrt(RealFunction):
    """y = 1 / sqrt(x), dx = -dy * y ** 3 / 2"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.divide(1, np.sqrt(x, out=y), out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.multiply(dy, y, out=dx)
        np.multiply(dx, y, out=dx)
        np.multiply(dx, y, out=dx)
        np.multiply(dx, -0.5, out=dx)


class Reciprocal(RealFunction):
    """y = 1 / x, dx = -dy * y * y"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.divide(1, x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.multiply(dy, y, out=dx)
        np.multiply(dx, y, out=dx)
        np.negative(dx, out=dx)


class Copy(Elementwise):
    """y = x, through which no gradient flows."""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        if y is not x:
            np.copyto(y, x)


def unary(op: type[Op], x: Any) -> Tensor:
    """Call an op of one operand."""
    return apply(op, as_tensor(x))  # type: ignore[no-any-return]


@symbolic
def negative(x: Any) -> Tensor:
    """`-x`"""
    return unary(Negative, x)


@symbolic
def absolute(x: Any) -> Tensor:
    """`|x|`; the gradient at 0 is 0."""
    return unary(Absolute, x)


abs = absolute


@symbolic
def sign(x: Any) -> Tensor:
    """`-1`, `0` or `1`. It has no gradient."""
    return unary(Sign, x)


@symbolic
def square(x: Any) -> Tensor:
    """`x * x`"""
    return unary(Square, x)


@symbolic
def exp(x: Any) -> Tensor:
    """`e ** x`"""
    return unary(Exp, x)


@symbolic
def expm1(x: Any) -> Tensor:
    """`e ** x - 1`, exact near 0."""
    return unary(Expm1, x)


@symbolic
def log(x: Any) -> Tensor:
    """The natural logarithm."""
    return unary(Log, x)


@symbolic
def log1p(x: Any) -> Tensor:
    """`log(1 + x)`, exact near 0."""
    return unary(Log1p, x)


@symbolic
def log2(x: Any) -> Tensor:
    """The logarithm to base 2."""
    return log(x) * (1 / np.log(2.0).item())  # type: ignore[no-any-return]


@symbolic
def log10(x: Any) -> Tensor:
    """The logarithm to base 10."""
    return log(x) * (1 / np.log(10.0).item())  # type: ignore[no-any-return]


@symbolic
def sqrt(x: Any) -> Tensor:
    """The square root."""
    return unary(Sqrt, x)


@symbolic
def rsqrt(x: Any) -> Tensor:
    """`1 / sqrt(x)`"""
    return unary(Rsqrt, x)


@symbolic
def reciprocal(x: Any) -> Tensor:
    """`1 / x`"""
    return unary(Reciprocal, x)


@symbolic
def stop_gradient(variable: Any) -> Tensor:
    """The same value, through which no gradient flows."""
    return unary(Copy, variable)
