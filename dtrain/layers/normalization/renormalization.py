"""Batch renormalization (Ioffe 2017, arXiv:1702.03275): training normalizes almost as inference does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain import ops

_LIMITS = ("rmax", "rmin", "dmax")


def checked_clipping(clipping: Mapping[str, float] | None) -> dict[str, float]:
    """The limits of the correction, or ValueError."""
    limits = dict(clipping or {})
    if set(limits) - set(_LIMITS):
        raise ValueError(
            f"BatchNormalization: renorm_clipping must have no keys but {list(_LIMITS)}. "
            f"Received: renorm_clipping={limits}"
        )
    if limits.get("rmax", limits.get("rmin", 0)) < limits.get("rmin", limits.get("rmax", 0)):
        raise ValueError(f"BatchNormalization: rmax must not be below rmin. Received: renorm_clipping={limits}")
    if limits.get("dmax", 0) < 0:
        raise ValueError(f"BatchNormalization: dmax must not be below 0. Received: renorm_clipping={limits}")
    return limits


def correction(
    mean: Any, stddev: Any, moving_mean: Any, moving_stddev: Any, epsilon: float, limits: Mapping[str, float]
) -> tuple[Any, Any]:
    """`r = stddev / moving_stddev` and `d = (mean - moving_mean) / moving_stddev` within their limits, as constants.

    With them, `x_hat * r + d` is what the moving statistics would have made of x.
    """
    divisor = ops.maximum(moving_stddev, epsilon**0.5)
    r, d = stddev / divisor, (mean - moving_mean) / divisor
    if "rmin" in limits:
        r = ops.maximum(r, limits["rmin"])
    if "rmax" in limits:
        r = ops.minimum(r, limits["rmax"])
    if "dmax" in limits:
        d = ops.clip(d, -limits["dmax"], limits["dmax"])
    return ops.stop_gradient(r), ops.stop_gradient(d)


def composed(r: Any, d: Any, gamma: Any, beta: Any) -> tuple[Any, Any]:
    """`gamma` and `beta` (or None) such that `x_hat * g + b = (x_hat * r + d) * gamma + beta`."""
    scale, offset = (r, d) if gamma is None else (r * gamma, d * gamma)
    return scale, offset if beta is None else offset + beta


class RootOf:
    """An initializer: the square roots of what another one gives."""

    def __init__(self, initializer: Any) -> None:
        self.initializer = initializer

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values for a variable of this shape."""
        return ops.sqrt(self.initializer(shape, dtype=dtype))
