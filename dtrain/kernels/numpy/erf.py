"""The error function by rational approximations.

W. J. Cody 1969, "Rational Chebyshev approximations for the error function", Math. Comp. 23, 631-637: erf(x) on
|x| <= 15/32, erfc(x) on 15/32 <= |x| <= 4 and beyond, each to about 18 digits. In float32, erfc(x) for all x >= 0 is
exp(-x * x) times one polynomial, as in the compiled kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CHUNK = 8192  # elements that are worked on while they lie in the cache

NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
FAR = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip


SHORT = (
    3.868608657e-2, -1.605231216e-1, 1.853364800e-1, -3.306363983e-2, 9.165584751e-2, 1.434417607e-1, 1.521294571e-1,
    1.876893330e-1, 1.971655122e-1, 1.974822918e-1,
)  # fmt: skip
"""erfc(x) * exp(x * x) * (1 + 0.35 * x) as a polynomial of 1 / (1 + 0.35 * x); minimax, relative error below 1e-8."""

SHORT_NEAR = (
    7.853861190e-5, -8.010193576e-4, 5.188327680e-3, -2.685381193e-2, 1.128358515e-1, -3.761262582e-1, 1.128379166,
)  # fmt: skip
"""erf(x) / x as a polynomial of x * x on |x| <= 1; minimax, relative error below 2e-9."""


def _polynomial(coefficients: tuple[float, ...], z: Array) -> Array:
    """The polynomial at z, highest power first."""
    value = np.full_like(z, coefficients[0])
    for c in coefficients[1:]:
        np.multiply(value, z, out=value)
        np.add(value, c, out=value)
    return value


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], z: Array) -> Array:
    """Numerator / denominator at z, highest power first."""
    top, bottom = (_polynomial(c, z) for c in coefficients)
    return np.divide(top, bottom, out=top)


def _short_tail(x: Array) -> Array:
    """erfc(x) for x >= 0 in float32."""
    t = np.divide(1, 1 + 0.35 * x, dtype=np.float32)
    value = _polynomial(SHORT, t)
    np.multiply(value, t, out=value)
    cut = (x.view(np.int32) & ~0xFFF).view(np.float32)  # its square is exact
    np.multiply(value, np.exp((cut - x) * (cut + x)), out=value)
    np.multiply(value, np.exp(-cut * cut), out=value)
    return value


def _erfc_positive(x: Array, largest: float = 27.0) -> Array:
    """erfc(x) for 15/32 <= x <= largest; in float32 for all x >= 0."""
    if x.dtype == np.float32:
        return _short_tail(np.minimum(x, 11.0))  # beyond, it is 0 in float32
    y = np.clip(x, 0.46875, largest)
    factor = _ratio(MIDDLE, np.minimum(y, 4.0))
    inverse = 1 / (y * y)
    far = (1 / np.sqrt(np.pi) - inverse * _ratio(FAR, np.minimum(inverse, 0.0625))) / y
    factor = np.where(y <= 4, factor, far)
    cut = np.trunc(y * 16) / 16  # exp(-y * y) loses no digits if the square of a short number is taken out first
    result: Array = np.exp(-cut * cut) * np.exp(-(y - cut) * (y + cut)) * factor
    return result


def _chunks(x: Array, y: Array) -> Any:
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    for start in range(0, flat_x.size, CHUNK):
        yield flat_x[start : start + CHUNK], flat_y[start : start + CHUNK]


def erf(x: Array, y: Array) -> None:
    """y = 2 / sqrt(pi) * integral of exp(-t * t) from 0 to x. `y`, in one piece, may be `x`."""
    short = x.dtype == np.float32
    limit = 1.0 if short else 0.46875  # up to which 1 - erfc(x) would lose digits
    for a, b in _chunks(x, y):
        size = np.abs(a)
        far = 1 - _erfc_positive(size, 6.0)  # beyond, erf(x) is 1 to the last digit
        inside = np.minimum(size, limit)
        square = inside * inside
        near = inside * (_polynomial(SHORT_NEAR, square) if short else _ratio(NEAR, square))
        np.copysign(np.where(size <= limit, near, far), a, out=b)


def erfc(x: Array, y: Array) -> None:
    """y = 1 - erf(x), with all digits where it is small. `y`, in one piece, may be `x`."""
    for a, b in _chunks(x, y):
        size = np.abs(a)
        tail = _erfc_positive(size)
        far = np.where(a > 0, tail, 2 - tail)
        if a.dtype != np.float32:
            inside = np.clip(a, -0.46875, 0.46875)
            far = np.where(size <= 0.46875, 1 - inside * _ratio(NEAR, inside * inside), far)
        np.copyto(b, far)
