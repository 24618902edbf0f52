"""Limits on the size of gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from dtrain.graph import Array

from .runs import CHUNK, Run


def norm(run: Run) -> float:
    """`sqrt(sum(g * g))`, summed pairwise in pieces: its bits depend on no number of threads."""
    return math.sqrt(_sum_of_squares(run.gradients))


def global_norm(runs: Iterable[Run]) -> float:
    """The norm of all gradients together."""
    return math.sqrt(math.fsum(_sum_of_squares(run.gradients) for run in runs))


def norm_factor(size: float, limit: float) -> float:
    """The factor that brings a gradient of this norm to at most `limit`; NaN if the norm is not finite."""
    if not math.isfinite(size):
        return math.nan
    return limit / max(size, limit)


def _sum_of_squares(g: Array) -> float:
    scratch = np.empty(min(g.size, CHUNK), g.dtype)
    total = 0.0
    for start in range(0, g.size, CHUNK):
        piece = g[start : start + CHUNK]
        square = np.multiply(piece, piece, out=scratch[: piece.size])
        total += float(np.add.reduce(square))
    return total
