"""Special functions of single elements: roots, sinc, Bessel's I0, the inverse of erf, parts of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor, broadcast_specs
from dtrain.graph.symbolic import symbolic

from .arithmetic import multiply, subtract
from .broadcasting import binary
from .choice import maximum, minimum, where
from .comparison import isnan
from .creation import ones_like, zeros_like
from .elementwise import RealFunction, absolute, float_dtype, stop_gradient, unary
from .powers import floor_divide, power
from .rounding import trunc
from .trigonometry import sin


class CubeRoot(RealFunction):
    """y = x ** (1/3), negative for negative x; dx = dy / (3 y^2)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.cbrt(x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.divide(dy, 3 * np.square(y), out=dx)


class BesselI0(RealFunction):
    """y = I0(x), dx = dy I1(x)   (I1 from its integral, `1/pi int exp(x cos t) cos t dt`, which a sum gives exactly)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, np.i0(x), casting="same_kind")

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        count = 64 + 2 * int(np.max(np.abs(x), initial=0))
        total = np.zeros(x.shape, np.float64)
        for k in range(count):
            cosine = math.cos(math.pi * (k + 0.5) / count)
            total += np.exp(x * cosine) * cosine
        np.multiply(dy, total / count, out=dx, casting="same_kind")


class InverseErf(RealFunction):
    """y such that erf(y) = x; dx = dy sqrt(pi) / 2 exp(y^2)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, _inverse_erf(x), casting="same_kind")

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.multiply(dy, 0.5 * math.sqrt(math.pi) * np.exp(np.square(y)), out=dx)


def _inverse_erf(x: Array) -> Array:
    """Winitzki's approximation (2008), made exact by three steps of Halley's method."""
    from dtrain.kernels import erf as erf_kernels

    inside = np.clip(x.astype(np.float64), -1, 1)
    logarithm = np.log1p(-inside * inside)
    first = 2 / (math.pi * 0.147) + logarithm / 2
    y = np.sign(inside) * np.sqrt(np.sqrt(first * first - logarithm / 0.147) - first)
    finite = np.abs(inside) < 1
    y = np.where(finite, y, 0)
    value = np.empty_like(y)
    for _ in range(3):
        erf_kernels.erf(y, value)
        step = (value - inside) * (0.5 * math.sqrt(math.pi)) * np.exp(y * y)
        y -= step / (1 + y * step)
    outside = np.where(np.abs(x) > 1, np.nan, np.copysign(np.inf, x))
    found: Array = np.where(finite & ~np.isnan(x), y, outside)
    return found


class SignBit(Op):
    """y = x has a minus sign (-0.0 too)"""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return x.with_dtype(np.bool_)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.signbit(x, out=y)


class NextAfter(Op):
    """y = the neighbour of x1 in the direction of x2"""

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> Spec:
        shape, batch, total = broadcast_specs("operands", x1, x2)
        return Spec(shape, float_dtype(np.promote_types(x1.dtype, x2.dtype)), batch, total)

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.copyto(y, np.nextafter(x1.astype(y.dtype), x2.astype(y.dtype)))


@symbolic
def cbrt(x: Any) -> Tensor:
    """The cube root."""
    return unary(CubeRoot, x)


@symbolic
def i0(x: Any) -> Tensor:
    """The modified Bessel function of the first kind, of order 0."""
    return unary(BesselI0, x)


@symbolic
def erfinv(x: Any) -> Tensor:
    """The number whose error function is x."""
    return unary(InverseErf, x)


@symbolic
def sinc(x: Any) -> Tensor:
    """`sin(pi x) / (pi x)`, and 1 at 0."""
    tensor = as_tensor(x)
    zero = tensor == 0
    angle = where(zero, 1.0, tensor) * math.pi
    return where(zero, 1.0, sin(angle) / angle)  # type: ignore[no-any-return]


@symbolic
def fabs(x: Any) -> Tensor:
    """`|x|` as a float."""
    tensor = as_tensor(x)
    return absolute(tensor if tensor.spec.is_float else tensor * 1.0)


@symbolic
def fmod(x1: Any, x2: Any) -> Tensor:
    """`x1 - x2 * trunc(x1 / x2)`: the rest has the sign of x1."""
    a, b = as_tensor(x1), as_tensor(x2)
    if a.spec.is_float or b.spec.is_float:
        return subtract(a, multiply(b, stop_gradient(trunc(a / b))))
    whole = floor_divide(absolute(a), absolute(b)) * absolute(b)
    return where(a < 0, whole - absolute(a), absolute(a) - whole)  # type: ignore[no-any-return]


@symbolic
def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger of two numbers; where one is NaN, the other."""
    a, b = as_tensor(x1), as_tensor(x2)
    return where(isnan(a), b, where(isnan(b), a, maximum(a, b)))  # type: ignore[no-any-return]


@symbolic
def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller of two numbers; where one is NaN, the other."""
    a, b = as_tensor(x1), as_tensor(x2)
    return where(isnan(a), b, where(isnan(b), a, minimum(a, b)))  # type: ignore[no-any-return]


@symbolic
def ldexp(x1: Any, x2: Any) -> Tensor:
    """`x1 * 2 ** x2`."""
    return multiply(x1, power(2.0, as_tensor(x2)))


@symbolic
def signbit(x: Any) -> Tensor:
    """Whether a number has a minus sign (-0.0 has one)."""
    return unary(SignBit, x)


@symbolic
def nextafter(x1: Any, x2: Any) -> Tensor:
    """The number of the dtype next to x1 on the way to x2. It has no gradient."""
    return binary(NextAfter, x1, x2)


@symbolic
def copy(x: Any) -> Tensor:
    """The same values; a change of one of the arrays does not reach the other."""
    return apply(Copy, as_tensor(x))  # type: ignore[no-any-return]


class Copy(Op):
    """y = x"""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec) -> Spec:
        return x

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, x)

    @staticmethod
    def dx(dy: Array, dx: Array) -> None:
        np.copyto(dx, dy)


@symbolic
def real(x: Any) -> Tensor:
    """x: all numbers are real here."""
    return as_tensor(x)


@symbolic
def imag(x: Any) -> Tensor:
    """Zeros: all numbers are real here."""
    return zeros_like(x)


@symbolic
def conj(x: Any) -> Tensor:
    """x: all numbers are real here."""
    return as_tensor(x)


@symbolic
def angle(x: Any) -> Tensor:
    """0 for positive numbers and pi for negative ones."""
    return where(as_tensor(x) < 0, math.pi, 0.0)  # type: ignore[no-any-return]


@symbolic
def isreal(x: Any) -> Tensor:
    """True everywhere: all numbers are real here."""
    return ones_like(x, np.bool_)


conjugate = conj
