"""Prices of 506 houses in the suburbs of Boston in the 1970s, with 13 features (Harrison and Rubinfeld 1978).

One of the features counts people by the colour of their skin: for lessons about such data, not for models.
"""

from __future__ import annotations

from .housing import Pair, split_rows
from .keras_cache import find_file, read_npz


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x (n, 13), y (n,) in thousands of dollars.

    Raises:
        FileNotFoundError: the file is nowhere; the message says where to put it.
        ValueError: for a damaged file.
    """
    file = read_npz(find_file("boston_housing", path), "x", "y")
    return split_rows(file["x"], file["y"], test_split, seed)
