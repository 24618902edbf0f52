"""Functions that are flat almost everywhere: they have no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .elementwise import Elementwise, unary


class Floor(Elementwise):
    """y = largest whole number <= x"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.floor(x, out=y)


class Ceil(Elementwise):
    """y = smallest whole number >= x"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.ceil(x, out=y)


class Trunc(Elementwise):
    """y = x without its decimals"""

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.trunc(x, out=y)


class Round(Op):
    """y = x rounded to `decimals`, halves to the even neighbour"""

    in_place = ("x",)

    @staticmethod
    def spec(x: Spec, *, decimals: int) -> Spec:
        return x

    @staticmethod
    def forward(x: Array, y: Array, *, decimals: int) -> None:
        if x.dtype.kind == "f":
            np.round(x, decimals, out=y)
        else:  # NumPy divides into `out`, which whole numbers are not
            np.copyto(y, np.round(x, decimals), casting="unsafe")


@symbolic
def floor(x: Any) -> Tensor:
    """The largest whole number that is at most x. It has no gradient."""
    return unary(Floor, x)


@symbolic
def ceil(x: Any) -> Tensor:
    """The smallest whole number that is at least x. It has no gradient."""
    return unary(Ceil, x)


@symbolic
def trunc(x: Any) -> Tensor:
    """x without its decimals. It has no gradient."""
    return unary(Trunc, x)


@symbolic
def round(x: Any, decimals: int = 0) -> Tensor:
    """The nearest number with so many decimals, the even one of two. It has no gradient."""
    return apply(Round, as_tensor(x), decimals=int(decimals))  # type: ignore[no-any-return]
