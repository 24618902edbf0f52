"""Linear equations, inverses and determinants of stacks of square matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .diagonals import tril, triu
from .elementwise import unary
from .linear import matmul
from .matrices import floats, or_zeros, square, stacked, transposed
from .rows import require_same_rows
from .shaping import expand_dims, squeeze, swapaxes


class Inverse(Op):
    """y = x^-1, dx = -y^T dy y^T"""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return square("inv", x, *x.shape[-2:])

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, np.linalg.inv(floats(x)))

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        back = transposed(y)
        np.negative(back @ dy @ back, out=dx)


class Solve(Op):
    """y = a^-1 b, db = a^-T dy, da = -db y^T.   a (..., N, N), b y (..., N, M)"""

    @staticmethod
    def spec(a: Spec, b: Spec) -> Spec:
        if a.global_shape[:-2] != b.global_shape[:-2] or a.global_shape[-1:] != b.global_shape[-2:-1]:
            raise ValueError(
                f"solve: expected a of shape (..., N, N) and b of shape (..., N, M). "
                f"Received: a.shape={a.global_shape}, b.shape={b.global_shape}"
            )
        square("solve", a)
        require_same_rows("solve", a, b)
        return stacked("solve", b, *b.shape[-2:])

    @staticmethod
    def forward(a: Array, b: Array, y: Array) -> None:
        np.copyto(y, np.linalg.solve(floats(a), floats(b)))

    @staticmethod
    def backward(dy: Array, a: Array, y: Array, da: Array | None, db: Array | None) -> None:
        right = np.linalg.solve(transposed(floats(a)), dy)
        if db is not None:
            np.copyto(db, right)
        if da is not None:
            np.negative(right @ transposed(y), out=da)


class LogDeterminant(Op):
    """y = log |det x|, sign = the sign of det x, dx = dy x^-T"""

    outputs = ("sign", "y")

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        y = square("slogdet", x)
        return {"sign": y, "y": y}

    @staticmethod
    def forward(x: Array, sign: Array, y: Array) -> None:
        found = np.linalg.slogdet(floats(x))
        np.copyto(sign, found[0])
        np.copyto(y, found[1])

    @staticmethod
    def dx(dy: Array | None, x: Array, sign: Array, dx: Array) -> None:
        scale = or_zeros(dy, sign)[..., None, None]
        np.multiply(scale, transposed(np.linalg.inv(floats(x))), out=dx)


class Determinant(Op):
    """y = det x, dx = dy adj(x)^T, which needs no inverse: from x = u s v, adj = (det u det v) v^T adj(s) u^T"""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return square("det", x)

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, np.linalg.det(floats(x)))

    @staticmethod
    def dx(dy: Array, x: Array, dx: Array) -> None:
        u, s, v = np.linalg.svd(floats(x))
        n = s.shape[-1]
        others = np.where(np.eye(n, dtype=np.bool_), 1, s[..., None, :]).prod(-1)  # the product without its own factor
        turn = np.linalg.det(u) * np.linalg.det(v)
        np.multiply((dy * turn)[..., None, None], (u * others[..., None, :]) @ v, out=dx)


@symbolic
def inv(x: Any) -> Tensor:
    """The inverses of square matrices (..., N, N)."""
    return unary(Inverse, x)


@symbolic
def solve(a: Any, b: Any) -> Tensor:
    """The x of `a x = b` for square matrices a (..., N, N) and b (..., N) or (..., N, M)."""
    left, right = as_tensor(a), as_tensor(b)
    if right.ndim == left.ndim - 1:
        return squeeze(apply(Solve, left, expand_dims(right, -1)), -1)
    return apply(Solve, left, right)  # type: ignore[no-any-return]


@symbolic
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """`solve` that looks at one triangle of a only: the upper one, or the lower one."""
    return solve((tril if lower else triu)(a), b)


@symbolic
def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is x: of `x x^T`, or of `x^T x` for an upper factor."""
    factor = as_tensor(x)
    other = swapaxes(factor, -1, -2)
    return inv(matmul(other, factor) if upper else matmul(factor, other))


@symbolic
def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """Sign and logarithm of the size of the determinants of square matrices."""
    return apply(LogDeterminant, as_tensor(x))  # type: ignore[no-any-return]


@symbolic
def logdet(x: Any) -> Tensor:
    """The logarithm of the determinants of positive definite matrices."""
    return slogdet(x)[1]


@symbolic
def det(x: Any) -> Tensor:
    """The determinants of square matrices."""
    return unary(Determinant, x)
