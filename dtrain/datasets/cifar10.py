"""CIFAR-10: 60,000 colour images of 32 × 32 pixels in 10 classes (Krizhevsky 2009)."""

from __future__ import annotations

import numpy as np

from .cifar import Pair, load_images


def load_data() -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x uint8 (n, 32, 32, 3), y uint8 (n, 1).

    Raises:
        FileNotFoundError: the data is nowhere; the message says where to put it.
        ValueError: for a damaged file.
    """
    files = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    *train, test = load_images("cifar10", "cifar-10-batches-py", "cifar-10-python.tar.gz", files, b"labels")
    return (np.concatenate([x for x, _ in train]), np.concatenate([y for _, y in train])), test
