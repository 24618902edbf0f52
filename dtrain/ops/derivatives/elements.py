"""Ops that treat every element by itself, and those of two operands that broadcast."""

from __future__ import annotations

import math

from dtrain.graph import Tensor, apply

from ..activation import Clip, Elu, LeakyRelu, Relu, Sigmoid, Silu, Softplus, Softsign, Tanh, sigmoid, tanh
from ..arithmetic import Add, Divide, Multiply, Subtract
from ..choice import Maximum, Minimum, Where, minimum, where
from ..creation import Cast, cast
from ..dropout import Dropout
from ..elementwise import (
    Absolute,
    Exp,
    Expm1,
    Log,
    Log1p,
    Negative,
    Reciprocal,
    Rsqrt,
    Sqrt,
    Square,
    absolute,
    exp,
    log,
    rsqrt,
    sign,
    square,
)
from ..error_function import Erf, Erfc, Gelu, GeluTanh, erf
from ..powers import Mod, Power, floor_divide, power
from ..special import Copy, CubeRoot, InverseErf
from ..trigonometry import (
    Arccosh,
    Arcsin,
    Arcsinh,
    Arctan,
    Arctan2,
    Arctanh,
    Cos,
    Cosh,
    Sin,
    Sinh,
    Tan,
    cos,
    cosh,
    sin,
    sinh,
)
from .rules import composed, formula, like

_BELL = 2 / math.sqrt(math.pi)

formula(Negative, dx=lambda dy: -dy)
formula(Absolute, dx=lambda dy, x: dy * sign(x))
formula(Square, dx=lambda dy, x: dy * x * 2)
formula(Exp, dx=lambda dy, y: dy * y)
formula(Expm1, dx=lambda dy, y: dy * (y + 1))
formula(Log, dx=lambda dy, x: dy / x)
formula(Log1p, dx=lambda dy, x: dy / (x + 1))
formula(Sqrt, dx=lambda dy, y: dy / y * 0.5)
formula(Rsqrt, dx=lambda dy, y: dy * y * y * y * -0.5)
formula(Reciprocal, dx=lambda dy, y: -(dy * y * y))
formula(CubeRoot, dx=lambda dy, y: dy / (square(y) * 3))
formula(Copy, dx=lambda dy: dy)
formula(Cast, dx=lambda dy, x: cast(dy, x.dtype))

formula(Sin, dx=lambda dy, x: dy * cos(x))
formula(Cos, dx=lambda dy, x: -(dy * sin(x)))
formula(Tan, dx=lambda dy, y: dy * (square(y) + 1))
formula(Sinh, dx=lambda dy, x: dy * cosh(x))
formula(Cosh, dx=lambda dy, x: dy * sinh(x))
formula(Arcsin, dx=lambda dy, x: dy * rsqrt(1 - square(x)))
formula(Arctan, dx=lambda dy, x: dy / (square(x) + 1))
formula(Arcsinh, dx=lambda dy, x: dy * rsqrt(square(x) + 1))
formula(Arccosh, dx=lambda dy, x: dy * rsqrt(square(x) - 1))
formula(Arctanh, dx=lambda dy, x: dy / (1 - square(x)))
formula(Erf, dx=lambda dy, x: dy * exp(-square(x)) * _BELL)
formula(Erfc, dx=lambda dy, x: dy * exp(-square(x)) * -_BELL)
formula(InverseErf, dx=lambda dy, y: dy * exp(square(y)) / _BELL)

formula(Relu, dx=lambda dy, y: dy * cast(y > 0, dy.dtype))
formula(LeakyRelu, dx=lambda dy, x, slope: where(x > 0, dy, dy * slope))
formula(Elu, dx=lambda dy, x, alpha: dy * where(x > 0, 1.0, exp(minimum(x, 0.0)) * alpha))
formula(Clip, dx=lambda dy, x, y: dy * cast(x == y, dy.dtype))
formula(Sigmoid, dx=lambda dy, y: dy * y * (1 - y))
formula(Tanh, dx=lambda dy, y: dy * (1 - square(y)))
formula(Softplus, dx=lambda dy, x: dy * sigmoid(x))
formula(Softsign, dx=lambda dy, y: dy * square(1 - absolute(y)))
composed(Silu, lambda x: x * sigmoid(x))
composed(Gelu, lambda x: x * (erf(x * math.sqrt(0.5)) + 1) * 0.5)
composed(GeluTanh, lambda x: x * (tanh((x + x * square(x) * 0.044715) * math.sqrt(2 / math.pi)) + 1) * 0.5)

formula(Add, dx1=lambda dy, x1: like(dy, x1), dx2=lambda dy, x2: like(dy, x2))
formula(Subtract, dx1=lambda dy, x1: like(dy, x1), dx2=lambda dy, x2: like(-dy, x2))
formula(Multiply, dx1=lambda dy, x1, x2: like(dy * x2, x1), dx2=lambda dy, x1, x2: like(dy * x1, x2))
formula(Divide, dx1=lambda dy, x1, x2: like(dy / x2, x1), dx2=lambda dy, x2, y: like(-(dy * y / x2), x2))
formula(Mod, dx1=lambda dy, x1: like(dy, x1), dx2=lambda dy, x1, x2: like(-(dy * floor_divide(x1, x2)), x2))
formula(
    Maximum,
    dx1=lambda dy, x1, x2: like(dy * cast(x1 >= x2, dy.dtype), x1),
    dx2=lambda dy, x1, x2: like(dy * cast(x1 < x2, dy.dtype), x2),
)
formula(
    Minimum,
    dx1=lambda dy, x1, x2: like(dy * cast(x1 <= x2, dy.dtype), x1),
    dx2=lambda dy, x1, x2: like(dy * cast(x1 > x2, dy.dtype), x2),
)
formula(
    Where,
    dx1=lambda dy, condition, x1: like(where(condition, dy, 0.0), x1),
    dx2=lambda dy, condition, x2: like(where(condition, 0.0, dy), x2),
)
formula(
    Power,
    dx1=lambda dy, x1, x2: like(dy * x2 * power(x1, where(x2 == 0, 1.0, x2 - 1)), x1),
    dx2=lambda dy, x1, x2, y: like(dy * y * log(where(x1 > 0, x1, 1.0)), x2),
)
formula(
    Arctan2,
    dx1=lambda dy, x1, x2: like(dy * x2 / (square(x1) + square(x2)), x1),
    dx2=lambda dy, x1, x2: like(-(dy * x1 / (square(x1) + square(x2))), x2),
)


def _same_mask(dy: Tensor, rate: float, noise: object, stream: object, places: object) -> Tensor:
    return apply(Dropout, dy, rate=rate, noise=noise, stream=stream, places=places)  # type: ignore[no-any-return]


formula(Dropout, dx=_same_mask)
