"""Matrices as products of simpler ones: Cholesky, QR, eigenvalues, singular values. N rows, M columns, K = min(N, M).

Gradients after Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", sections 2.4, 3.1 and 3.2; for QR, Roberts and Roberts 2020, arXiv:2009.10071.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array, Op, Spec, Tensor, apply, as_tensor
from dtrain.graph.symbolic import symbolic

from .choice import where
from .elementwise import unary
from .linear import matmul
from .matrices import floats, or_zeros, square, stacked, transposed
from .reduction import sum as reduce_sum
from .shaping import expand_dims, squeeze, swapaxes


def _half_lower(x: Array) -> Array:
    """The lower triangles, with half of the diagonals."""
    return np.tril(x) - 0.5 * np.eye(x.shape[-1], dtype=x.dtype) * x


def _copy_lower(x: Array) -> Array:
    """Symmetric matrices made of the lower triangles."""
    return np.tril(x) + transposed(np.tril(x, -1))


def _gaps(s: Array) -> Array:
    """1 / (s[j] - s[i]), 0 where the two are equal: there the gradient is not defined."""
    difference = s[..., None, :] - s[..., :, None]
    same = difference == 0
    return np.where(same, 0, 1 / np.where(same, 1, difference))


class Cholesky(Op):
    """x = y y^T with y lower triangular."""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return square("cholesky", x, *x.shape[-2:])

    @staticmethod
    def forward(x: Array, y: Array) -> None:
        np.copyto(y, np.linalg.cholesky(floats(x)))

    @staticmethod
    def dx(dy: Array, y: Array, dx: Array) -> None:
        back = np.linalg.inv(y)
        inner = transposed(back) @ _half_lower(transposed(y) @ dy) @ back
        np.multiply(inner + transposed(inner), 0.5, out=dx)


class QR(Op):
    """x = q r with orthonormal columns in q and r upper triangular (reduced form)."""

    outputs = ("q", "r")

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        n, m = x.shape[-2:]
        k = min(n, m)
        return {"q": stacked("qr", x, n, k), "r": stacked("qr", x, k, m)}

    @staticmethod
    def forward(x: Array, q: Array, r: Array) -> None:
        found = np.linalg.qr(floats(x))
        np.copyto(q, found[0])
        np.copyto(r, found[1])

    @staticmethod
    def dx(dq: Array | None, dr: Array | None, x: Array, q: Array, r: Array, dx: Array) -> None:
        dq, dr = or_zeros(dq, q), or_zeros(dr, r)
        n, m = x.shape[-2:]
        if n >= m:
            np.copyto(dx, _qr_gradient(dq, dr, q, r))
            return
        rest = dr[..., n:]  # of the columns behind the square part: r there is q^T x
        dx[..., n:] = q @ rest
        dx[..., :n] = _qr_gradient(dq + x[..., n:] @ transposed(rest), dr[..., :n], q, r[..., :n])


def _qr_gradient(dq: Array, dr: Array, q: Array, r: Array) -> Array:
    inner = r @ transposed(dr) - transposed(dq) @ q
    right: Array = dq + q @ _copy_lower(inner)
    return transposed(np.linalg.solve(r, transposed(right)))


class SymmetricEigen(Op):
    """x = v diag(w) v^T for symmetric x, of which the lower triangle is read; w rises."""

    outputs = ("w", "v")

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        n = x.shape[-1]
        return {"w": square("eigh", x, n), "v": square("eigh", x, n, n)}

    @staticmethod
    def forward(x: Array, w: Array, v: Array) -> None:
        found = np.linalg.eigh(floats(x))
        np.copyto(w, found[0])
        np.copyto(v, found[1])

    @staticmethod
    def dx(dw: Array | None, dv: Array | None, w: Array, v: Array, dx: Array) -> None:
        dw, dv = or_zeros(dw, w), or_zeros(dv, v)
        middle = _gaps(w) * (transposed(v) @ dv)
        middle += np.eye(w.shape[-1], dtype=w.dtype) * dw[..., None, :]
        whole = v @ middle @ transposed(v)
        np.copyto(dx, np.tril(whole + transposed(whole)))
        dx *= 1 - 0.5 * np.eye(w.shape[-1], dtype=w.dtype)


class SingularValues(Op):
    """x = u diag(s) v with orthonormal columns in u and rows in v (reduced form); s falls."""

    outputs = ("u", "s", "v")

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        n, m = x.shape[-2:]
        k = min(n, m)
        return {"u": stacked("svd", x, n, k), "s": stacked("svd", x, k), "v": stacked("svd", x, k, m)}

    @staticmethod
    def forward(x: Array, u: Array, s: Array, v: Array) -> None:
        found = np.linalg.svd(floats(x), full_matrices=False)
        for out, value in zip((u, s, v), found, strict=True):
            np.copyto(out, value)

    @staticmethod
    def dx(du: Array | None, ds: Array | None, dv: Array | None, u: Array, s: Array, v: Array, dx: Array) -> None:
        du, ds, dv = or_zeros(du, u), or_zeros(ds, s), or_zeros(dv, v)
        gaps = _gaps(s * s)
        right, dright = transposed(v), transposed(dv)
        inverse = np.where(s == 0, 0, 1 / np.where(s == 0, 1, s))
        uu, vv = transposed(u) @ du, v @ dright
        middle = np.eye(s.shape[-1], dtype=s.dtype) * ds[..., None, :]
        middle += gaps * (uu - transposed(uu)) * s[..., None, :]
        middle += s[..., :, None] * gaps * (vv - transposed(vv))
        np.copyto(dx, u @ middle @ v)
        dx += ((du - u @ uu) * inverse[..., None, :]) @ v
        dx += (u * inverse[..., None, :]) @ transposed(dright - right @ vv)


@symbolic
def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The lower triangular y of `x = y y^T`, or the upper triangular y of `x = y^T y`, for positive definite x."""
    y = unary(Cholesky, x)
    return swapaxes(y, -1, -2) if upper else y


@symbolic
def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """q and r of `x = q r`: orthonormal columns, and an upper triangle. "complete" makes q square (no gradient)."""
    tensor = as_tensor(x)
    if mode == "reduced":
        return apply(QR, tensor)  # type: ignore[no-any-return]
    if mode != "complete":
        raise ValueError(f"qr: expected mode 'reduced' or 'complete'. Received: mode={mode!r}")
    return apply(CompleteQR, tensor)  # type: ignore[no-any-return]


class CompleteQR(Op):
    """As `QR`, with q (N, N) and r (N, M)."""

    outputs = ("q", "r")

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        n, m = x.shape[-2:]
        return {"q": stacked("qr", x, n, n), "r": stacked("qr", x, n, m)}

    @staticmethod
    def forward(x: Array, q: Array, r: Array) -> None:
        found = np.linalg.qr(floats(x), mode="complete")
        np.copyto(q, found[0])
        np.copyto(r, found[1])


class FullSingularValues(Op):
    """As `SingularValues`, with u (N, N) and v (M, M)."""

    outputs = ("u", "s", "v")

    @staticmethod
    def spec(x: Spec) -> dict[str, Spec]:
        n, m = x.shape[-2:]
        return {"u": stacked("svd", x, n, n), "s": stacked("svd", x, min(n, m)), "v": stacked("svd", x, m, m)}

    @staticmethod
    def forward(x: Array, u: Array, s: Array, v: Array) -> None:
        found = np.linalg.svd(floats(x), full_matrices=True)
        for out, value in zip((u, s, v), found, strict=True):
            np.copyto(out, value)


@symbolic
def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """Eigenvalues (rising) and eigenvectors (columns) of symmetric matrices, of which the lower triangle is read."""
    return apply(SymmetricEigen, as_tensor(x))  # type: ignore[no-any-return]


@symbolic
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """u, s and v of `x = u diag(s) v`; with `compute_uv=False` s alone.

    The gradient exists for `full_matrices=False` and for s alone.
    """
    tensor = as_tensor(x)
    if compute_uv:
        return apply(FullSingularValues if full_matrices else SingularValues, tensor)
    return apply(SingularValues, tensor)[1]


@symbolic
def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """The pseudo-inverses of matrices; singular values up to `rcond` (`max(N, M) * eps`) of the largest count as 0."""
    tensor = as_tensor(x)
    u, s, v = apply(SingularValues, tensor)
    limit = max(tensor.shape[-2:]) * float(np.finfo(s.spec.dtype).eps) if rcond is None else rcond
    kept = s > limit * s[..., :1]
    inverse = where(kept, 1 / where(kept, s, 1), 0)
    return matmul(swapaxes(v, -1, -2) * expand_dims(inverse, -2), swapaxes(u, -1, -2))


@symbolic
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """The smallest x that makes `|a x - b|` smallest, for a (N, M) and b (N,) or (N, K)."""
    right = as_tensor(b)
    if right.ndim == 1:
        return squeeze(matmul(pinv(a, rcond), expand_dims(right, -1)), -1)
    return matmul(pinv(a, rcond), right)


@symbolic
def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """How many singular values are above `tol` (`max(N, M) * eps * largest`). It has no gradient."""
    tensor = as_tensor(x)
    s = svd(tensor, compute_uv=False)
    limit = max(tensor.shape[-2:]) * float(np.finfo(s.spec.dtype).eps) * s[..., :1] if tol is None else tol
    return reduce_sum(s > limit, -1)
