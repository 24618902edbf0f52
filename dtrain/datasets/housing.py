"""What the two data sets of house prices share."""

from __future__ import annotations

import numpy as np

from .keras_cache import Array

Pair = tuple[Array, Array]


def split_rows(x: Array, y: Array, test_split: float, seed: int) -> tuple[Pair, Pair]:
    """The rows in an order that follows from the seed, as Keras has it, the last part of them for tests.

    Raises:
        ValueError: for a `test_split` outside of [0, 1).
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"load_data: expected 0 <= test_split < 1. Received: test_split={test_split}")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
