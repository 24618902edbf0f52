"""Binary arithmetic with broadcasting, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Spec, Tensor
from dtrain.graph.symbolic import symbolic

from .broadcasting import Binary, binary, product_target, reduce_to
from .elementwise import float_dtype


class Add(Binary):
    """y = x1 + x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.add(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, dx1: Array) -> None:
        reduce_to(dy, dx1)

    @staticmethod
    def dx2(dy: Array, dx2: Array) -> None:
        reduce_to(dy, dx2)


class Subtract(Binary):
    """y = x1 - x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.subtract(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, dx1: Array) -> None:
        reduce_to(dy, dx1)

    @staticmethod
    def dx2(dy: Array, dx2: Array) -> None:
        reduce_to(dy, dx2)
        np.negative(dx2, out=dx2)


class Multiply(Binary):
    """y = x1 * x2"""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.multiply(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x2: Array, scratch: Array, dx1: Array) -> None:
        reduce_to(np.multiply(dy, x2, out=product_target(dy, scratch, dx1)), dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, scratch: Array, dx2: Array) -> None:
        reduce_to(np.multiply(dy, x1, out=product_target(dy, scratch, dx2)), dx2)


class Divide(Binary):
    """y = x1 / x2, dx2 = -dy * y / x2"""

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> dict[str, Spec]:
        specs = Binary.spec(x1, x2)
        dtype = float_dtype(specs["y"].dtype)
        return {name: spec.with_dtype(dtype) for name, spec in specs.items()}

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.divide(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x2: Array, scratch: Array, dx1: Array) -> None:
        reduce_to(np.divide(dy, x2, out=product_target(dy, scratch, dx1)), dx1)

    @staticmethod
    def dx2(dy: Array, x2: Array, y: Array, scratch: Array, dx2: Array) -> None:
        term = np.multiply(dy, y, out=product_target(dy, scratch, dx2))
        np.divide(term, x2, out=term)
        reduce_to(np.negative(term, out=term), dx2)


@symbolic
def add(x1: Any, x2: Any) -> Tensor:
    """`x1 + x2`"""
    return binary(Add, x1, x2)


@symbolic
def subtract(x1: Any, x2: Any) -> Tensor:
    """`x1 - x2`"""
    return binary(Subtract, x1, x2)


@symbolic
def multiply(x1: Any, x2: Any) -> Tensor:
    """`x1 * x2`"""
    return binary(Multiply, x1, x2)


@symbolic
def divide(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`; integers give a float."""
    return binary(Divide, x1, x2)


true_divide = divide
