"""Looks for values that are NaN or infinite, in a time that a training step does not notice."""

from __future__ import annotations

import math

import numpy as np

from dtrain.distributed.communicator import Array


def first_not_finite(array: Array) -> int | None:
    """Return the place of the first value that is NaN or infinite; None when all are finite.

    Args:
        array: one-dimensional, of floating-point numbers.
    """
    # Whatever is not finite shows in the sum of squares, which takes less time than looking at each value. The sum of
    # very large values overflows too: only then each is looked at.
    with np.errstate(all="ignore"):
        if math.isfinite(np.dot(array, array)):
            return None
    wrong = ~np.isfinite(array)
    return int(np.argmax(wrong)) if wrong.any() else None
