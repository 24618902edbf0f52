"""Powers and remainders."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .broadcasting import Binary, binary, product_target, reduce_to
from .elementwise import Reciprocal, Rsqrt, Sqrt, Square


class FloorDivide(Binary):
    """y = floor(x1 / x2), flat almost everywhere: no gradient."""

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.floor_divide(x1, x2, out=y)


class Mod(Binary):
    """y = x1 - x2 * floor(x1 / x2), with the sign of x2."""

    in_place = ()

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.mod(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, dx1: Array) -> None:
        reduce_to(dy, dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, x2: Array, scratch: Array, dx2: Array) -> None:
        term = np.floor_divide(x1, x2, out=product_target(dy, scratch, dx2))
        np.multiply(term, dy, out=term)
        reduce_to(np.negative(term, out=term), dx2)


class Power(Binary):
    """y = x1 ** x2. The gradient of x2 is 0 where x1 is not positive."""

    in_place = ()

    @staticmethod
    def spec(x1: Spec, x2: Spec) -> dict[str, Spec]:
        specs = Binary.spec(x1, x2)
        return {**specs, "mask": specs["y"].with_dtype(np.bool_)}

    @staticmethod
    def forward(x1: Array, x2: Array, y: Array) -> None:
        np.power(x1, x2, out=y)

    @staticmethod
    def dx1(dy: Array, x1: Array, x2: Array, scratch: Array, mask: Array, dx1: Array) -> None:
        term = product_target(dy, scratch, dx1)
        np.subtract(x2, 1, out=term)
        np.copyto(term, 1, where=np.equal(np.broadcast_to(x2, term.shape), 0, out=mask))  # 0 ** -1 has no value
        np.power(x1, term, out=term)
        np.multiply(term, x2, out=term)
        reduce_to(np.multiply(term, dy, out=term), dx1)

    @staticmethod
    def dx2(dy: Array, x1: Array, y: Array, scratch: Array, mask: Array, dx2: Array) -> None:
        term = product_target(dy, scratch, dx2)
        np.copyto(term, x1)
        np.copyto(term, 1, where=np.less_equal(term, 0, out=mask))
        np.log(term, out=term)
        np.multiply(term, y, out=term)
        reduce_to(np.multiply(term, dy, out=term), dx2)


@symbolic
def floor_divide(x1: Any, x2: Any) -> Tensor:
    """`floor(x1 / x2)`. It has no gradient."""
    return binary(FloorDivide, x1, x2)


@symbolic
def mod(x1: Any, x2: Any) -> Tensor:
    """`x1 - x2 * floor(x1 / x2)`, with the sign of x2."""
    return binary(Mod, x1, x2)


@symbolic
def power(x1: Any, x2: Any) -> Tensor:
    """`x1 ** x2`; the gradient of x2 is 0 where x1 is not positive."""
    if isinstance(x2, (int, float)) and x2 in _POWERS and as_tensor(x1).spec.is_float:
        return apply(_POWERS[x2], as_tensor(x1))  # type: ignore[no-any-return]
    return binary(Power, x1, x2)


_POWERS: dict[float, type[Op]] = {2: Square, 0.5: Sqrt, -0.5: Rsqrt, -1: Reciprocal}
