"""State of the whole process: the seed, and the counters of names."""

from __future__ import annotations

import random

import numpy as np

from dtrain.random.seed import set_global_seed

from .naming import reset_names


def set_random_seed(seed: int) -> None:
    """Make what is random from here on a function of `seed`: weights, order of rows, dropout.

    Python's and NumPy's own generators are seeded too, for the script's own use.

    Args:
        seed: an integer in [0, 2**32).
    """
    set_global_seed(seed)
    if seed >= 2**32:
        raise ValueError(f"set_random_seed: expected seed < 2**32. Received: seed={seed}")
    random.seed(seed)
    np.random.seed(seed)


def clear_session(free_memory: bool = True) -> None:
    """Count automatic names from the start again, as in a new process.

    Args:
        free_memory: accepted for Keras's sake: nothing global holds memory.
    """
    reset_names()
