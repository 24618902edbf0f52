"""Median prices of houses in 20,640 districts of California in 1990, with 8 features (Pace and Barry 1997)."""

from __future__ import annotations

from .housing import Pair, split_rows
from .keras_cache import find_file, read_npz

_ROWS = {"large": None, "small": 600}


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x (n, 8), y (n,) in dollars.

    Args:
        version: "large", or "small" for the first 600 districts.

    Raises:
        FileNotFoundError: the file is nowhere; the message says where to put it.
        ValueError: for another version, or a damaged file.
    """
    if version not in _ROWS:
        raise ValueError(f"california_housing.load_data: expected 'large' or 'small'. Received: {version=}")
    file = read_npz(find_file("california_housing", path), "x", "y")
    count = _ROWS[version]
    return split_rows(file["x"][:count], file["y"][:count], test_split, seed)
