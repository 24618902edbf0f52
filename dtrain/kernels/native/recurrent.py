"""What the compiled cells need."""

from __future__ import annotations

import numpy as np

from dtrain.kernels.numpy.recurrent import Array


def can_take(*arrays: Array) -> bool:
    """Whether the arrays that a cell works on are of float32 and contiguous: its views of them then are, too."""
    return all(a.dtype == np.float32 and a.flags.c_contiguous for a in arrays)
