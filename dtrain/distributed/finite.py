"""Looks for values that are NaN or infinite, in a time that a training step does not notice."""

from __future__ import annotations

import numpy as np

from dtrain.distributed.communicator import Array
from dtrain.kernels import rows


def first_not_finite(array: Array) -> int | None:
    """Return the place of the first value that is NaN or infinite; None when all are finite.

    Args:
        array: one-dimensional, of floating-point numbers.
    """
    return None if rows.all_finite(array) else int(np.argmax(~np.isfinite(array)))
