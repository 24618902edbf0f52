"""Activations, each one op with its gradient. What the gradient needs is the output alone wherever that suffices."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic
from dtrain.kernels import elementwise, smooth

from .choice import maximum, minimum
from .creation import cast
from .elementwise import RealFunction, ScratchFunction, float_dtype, unary


class Relu(Op):
    """y = max(x, 0)"""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        return {"y": x, "mask": x.with_dtype(np.bool_)}

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        elementwise.positive_part(x, y)

    @staticmethod
    def dx(dy: Array, y: Array, mask: Array, dx: Array) -> None:
        elementwise.scale_by_slope("relu", dy, y, dx, mask)


class Clip(Op):
    """y = min(max(x, low), high); no gradient flows where x is outside."""

    @staticmethod
    def spec(x: Spec, *, low: float, high: float) -> dict[str, Spec]:
        return {"y": x, "mask": x.with_dtype(np.bool_)}

    @staticmethod
    def forward(x: Array, y: Array, *, low: float, high: float) -> None:
        np.clip(x, low, high, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, y: Array, mask: Array, dx: Array) -> None:
        np.multiply(dy, np.equal(x, y, out=mask), out=dx)


class LeakyRelu(Op):
    """y = x where x > 0, else slope * x"""

    @staticmethod
    def spec(x: Spec, *, slope: float) -> dict[str, Spec]:
        y = x.with_dtype(float_dtype(x.dtype))
        return {"y": y, "mask": x.with_dtype(np.bool_)}

    @staticmethod
    def forward(x: Array, y: Array, *, slope: float) -> None:
        np.multiply(x, slope, out=y)
        (np.maximum if slope <= 1 else np.minimum)(x, y, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, mask: Array, dx: Array, *, slope: float) -> None:
        np.multiply(np.greater(x, 0, out=mask), 1 - slope, out=dx)
        np.multiply(np.add(dx, slope, out=dx), dy, out=dx)


class Elu(Op):
    """y = x where x > 0, else alpha * (exp(x) - 1)"""

    @staticmethod
    def spec(x: Spec, *, alpha: float) -> dict[str, Spec]:
        y = x.with_dtype(float_dtype(x.dtype))
        return {"y": y, "scratch": y, "mask": x.with_dtype(np.bool_)}

    @staticmethod
    def forward(x: Array, y: Array, scratch: Array, *, alpha: float) -> None:
        elementwise.negative_part(x, scratch)
        np.expm1(scratch, out=scratch)
        np.multiply(scratch, alpha, out=scratch)
        elementwise.positive_part(x, y)
        np.add(scratch, y, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, scratch: Array, mask: Array, dx: Array, *, alpha: float) -> None:
        elementwise.negative_part(x, scratch)
        np.exp(scratch, out=scratch)  # 1 where x > 0
        np.multiply(scratch, alpha, out=scratch)
        np.multiply(np.greater(x, 0, out=mask), 1 - alpha, out=dx)
        np.multiply(np.add(dx, scratch, out=dx), dy, out=dx)


class Sigmoid(ScratchFunction):
    """dx = dy * y * (1 - y)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        elementwise.sigmoid(x, y)

    @staticmethod
    def dx(dy: Array, y: Array, scratch: Array, dx: Array) -> None:
        np.multiply(np.subtract(1, y, out=scratch), y, out=scratch)
        np.multiply(dy, scratch, out=dx)


class Tanh(ScratchFunction):
    """dx = dy * (1 - y * y)"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.tanh(x, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, scratch: Array, dx: Array) -> None:
        np.subtract(1, np.multiply(y, y, out=scratch), out=scratch)
        np.multiply(dy, scratch, out=dx)


class Silu(Op):
    """y = x * sigmoid(x), dx = dy * (s + y * (1 - s))"""

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        y = x.with_dtype(float_dtype(x.dtype))
        return {"y": y, "s": y}

    @staticmethod
    def forward(x: Array, y: Array, s: Array) -> None:
        smooth.silu(x, y, s)

    @staticmethod
    def dx(dy: Array, y: Array, s: Array, dx: Array) -> None:
        smooth.silu_gradient(dy, y, s, dx)


class Softplus(ScratchFunction):
    """y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), dx = dy * sigmoid(x)"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array, scratch: Array) -> None:
        np.negative(np.absolute(x, out=scratch), out=scratch)
        np.log1p(np.exp(scratch, out=scratch), out=scratch)
        elementwise.positive_part(x, y)
        np.add(scratch, y, out=y)

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        elementwise.sigmoid(x, dx)
        np.multiply(dx, dy, out=dx)


class Softsign(RealFunction):
    """y = x / (1 + |x|), dx = dy * (1 - |y|) ** 2"""

    in_place = ()

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.add(np.absolute(x, out=y), 1, out=y)
        np.divide(x, y, out=y)

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        np.subtract(1, np.absolute(y, out=dx), out=dx)
        np.multiply(np.multiply(dx, dx, out=dx), dy, out=dx)


@symbolic
def relu(x: Any) -> Tensor:
    """`max(x, 0)`"""
    return unary(Relu, x)


@symbolic
def relu6(x: Any) -> Tensor:
    """`min(max(x, 0), 6)`"""
    return clip(x, 0, 6)


@symbolic
def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """`min(max(x, x_min), x_max)`; no gradient flows where x lies outside."""
    if isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        tensor = as_tensor(x)
        if not tensor.spec.is_float and isinstance(x_min + x_max, float):
            tensor = cast(tensor, float_dtype(tensor.spec.dtype))
        return apply(Clip, tensor, low=x_min, high=x_max)  # type: ignore[no-any-return]
    return minimum(maximum(x, x_min), x_max)


@symbolic
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x` where it is positive, else `negative_slope * x`."""
    return apply(LeakyRelu, as_tensor(x), slope=float(negative_slope))  # type: ignore[no-any-return]


@symbolic
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where it is positive, else `alpha * (exp(x) - 1)` (Clevert et al. 2015, arXiv:1511.07289)."""
    return apply(Elu, as_tensor(x), alpha=float(alpha))  # type: ignore[no-any-return]


@symbolic
def sigmoid(x: Any) -> Tensor:
    """`1 / (1 + exp(-x))`"""
    return unary(Sigmoid, x)


@symbolic
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return unary(Tanh, x)


@symbolic
def silu(x: Any) -> Tensor:
    """`x * sigmoid(x)` (Ramachandran et al. 2017, arXiv:1710.05941)."""
    return unary(Silu, x)


swish = silu


@symbolic
def softplus(x: Any) -> Tensor:
    """`log(1 + exp(x))`"""
    return unary(Softplus, x)


@symbolic
def softsign(x: Any) -> Tensor:
    """`x / (1 + |x|)`"""
    return unary(Softsign, x)
