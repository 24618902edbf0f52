"""Angles and hyperbolas: functions whose gradients are other functions of the same family."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, as_tensor
from dtrain.graph.symbolic import symbolic

from .arithmetic import Divide
from .broadcasting import binary, product_target, reduce_to
from .elementwise import ScratchFunction, exp, unary


class Sin(ScratchFunction):
    """y = sin(x), dx = dy * cos(x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.sin(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        np.multiply(dy, np.cos(x, out=scratch), out=dx)


class Cos(ScratchFunction):
    """y = cos(x), dx = -dy * sin(x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.cos(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        np.multiply(dy, np.negative(np.sin(x, out=scratch), out=scratch), out=dx)


class Tan(ScratchFunction):
    """y = tan(x), dx = dy * (1 + y * y)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.tan(x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, scratch: Array, dx: Array) -> None:
        np.add(np.multiply(y, y, out=scratch), 1, out=scratch)
        np.multiply(dy, scratch, out=dx)


class Sinh(ScratchFunction):
    """y = sinh(x), dx = dy * cosh(x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.sinh(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        np.multiply(dy, np.cosh(x, out=scratch), out=dx)


class Cosh(ScratchFunction):
    """y = cosh(x), dx = dy * sinh(x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.cosh(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        np.multiply(dy, np.sinh(x, out=scratch), out=dx)


def _quotient(dy: Array, square: Array, sign: float, offset: float, dx: Array, root: bool) -> None:
    """dx = dy / (sign * x * x + offset), or its square root, given x * x."""
    np.add(np.multiply(square, sign, out=square), offset, out=square)
    if root:
        np.sqrt(square, out=square)
    np.divide(dy, square, out=dx)


class Arcsin(ScratchFunction):
    """dx = dy / sqrt(1 - x * x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.arcsin(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        _quotient(dy, np.multiply(x, x, out=scratch), -1, 1, dx, True)


class Arctan(ScratchFunction):
    """dx = dy / (1 + x * x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.arctan(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        _quotient(dy, np.multiply(x, x, out=scratch), 1, 1, dx, False)


class Arcsinh(ScratchFunction):
    """dx = dy / sqrt(x * x + 1)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.arcsinh(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        _quotient(dy, np.multiply(x, x, out=scratch), 1, 1, dx, True)


class Arccosh(ScratchFunction):
    """dx = dy / sqrt(x * x - 1)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.arccosh(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        _quotient(dy, np.multiply(x, x, out=scratch), 1, -1, dx, True)


class Arctanh(ScratchFunction):
    """dx = dy / (1 - x * x)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.arctanh(x, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, dx: Array) -> None:
        _quotient(dy, np.multiply(x, x, out=scratch), -1, 1, dx, False)


class Arctan2(Op):
    """y = angle of the point (x2, x1), dx1 = dy * x2 / r, dx2 = -dy * x1 / r, r = x1 * x1 + x2 * x2"""

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> dict[str, Spec]:
        specs = Divide.spec(x1, x2)
        return {**specs, "r": specs["y"], "term": specs["y"]}

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.arctan2(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x1: Array, x2: Array, r: Array, term: Array, scratch: Array, dx1: Array) -> None:
        target = product_target(dy, scratch, dx1)
        _over_radius(dy, x1, x2, x2, r, term, target)
        reduce_to(target, dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, x2: Array, r: Array, term: Array, scratch: Array, dx2: Array) -> None:
        target = product_target(dy, scratch, dx2)
        _over_radius(dy, x1, x2, x1, r, term, target)
        reduce_to(np.negative(target, out=target), dx2)


def _over_radius(dy: Array, x1: Array, x2: Array, x: Array, r: Array, term: Array, target: Array) -> None:
    """target = dy * x / (x1 * x1 + x2 * x2)"""
    np.copyto(r, x1)
    np.multiply(r, r, out=r)
    np.copyto(term, x2)
    np.add(r, np.multiply(term, term, out=term), out=r)
    np.divide(np.multiply(dy, x, out=target), r, out=target)


@symbolic
def sin(x: Any) -> Tensor:
    """The sine of x in radians."""
    return unary(Sin, x)


@symbolic
def cos(x: Any) -> Tensor:
    """The cosine of x in radians."""
    return unary(Cos, x)


@symbolic
def tan(x: Any) -> Tensor:
    """The tangent of x in radians."""
    return unary(Tan, x)


@symbolic
def sinh(x: Any) -> Tensor:
    """The hyperbolic sine."""
    return unary(Sinh, x)


@symbolic
def cosh(x: Any) -> Tensor:
    """The hyperbolic cosine."""
    return unary(Cosh, x)


@symbolic
def arcsin(x: Any) -> Tensor:
    """The angle between -pi / 2 and pi / 2 whose sine is x."""
    return unary(Arcsin, x)


@symbolic
def arccos(x: Any) -> Tensor:
    """The angle between 0 and pi whose cosine is x."""
    return np.pi / 2 - arcsin(x)  # type: ignore[no-any-return]


@symbolic
def arctan(x: Any) -> Tensor:
    """The angle between -pi / 2 and pi / 2 whose tangent is x."""
    return unary(Arctan, x)


@symbolic
def arctan2(x1: Any, x2: Any) -> Tensor:
    """The angle of the point (x2, x1), between -pi and pi."""
    return binary(Arctan2, x1, x2)


@symbolic
def arcsinh(x: Any) -> Tensor:
    """The number whose hyperbolic sine is x."""
    return unary(Arcsinh, x)


@symbolic
def arccosh(x: Any) -> Tensor:
    """The number that is not negative and whose hyperbolic cosine is x."""
    return unary(Arccosh, x)


@symbolic
def arctanh(x: Any) -> Tensor:
    """The number whose hyperbolic tangent is x."""
    return unary(Arctanh, x)


@symbolic
def exp2(x: Any) -> Tensor:
    """`2 ** x`"""
    return exp(as_tensor(x) * np.log(2.0).item())


@symbolic
def deg2rad(x: Any) -> Tensor:
    """An angle in degrees as one in radians."""
    return as_tensor(x) * (np.pi / 180)  # type: ignore[no-any-return]


@symbolic
def rad2deg(x: Any) -> Tensor:
    """An angle in radians as one in degrees."""
    return as_tensor(x) * (180 / np.pi)  # type: ignore[no-any-return]
