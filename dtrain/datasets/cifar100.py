"""CIFAR-100: 60,000 colour images of 32 × 32 pixels in 100 classes, in 20 groups (Krizhevsky 2009)."""

from __future__ import annotations

from .cifar import Pair, load_images


def load_data(label_mode: str = "fine") -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x uint8 (n, 32, 32, 3), y uint8 (n, 1).

    Args:
        label_mode: "fine" for the classes, "coarse" for the groups.

    Raises:
        FileNotFoundError: the data is nowhere; the message says where to put it.
        ValueError: for another `label_mode`, or a damaged file.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"cifar100.load_data: expected label_mode 'fine' or 'coarse'. Received: {label_mode=}")
    labels = f"{label_mode}_labels".encode()
    train, test = load_images("cifar100", "cifar-100-python", "cifar-100-python.tar.gz", ["train", "test"], labels)
    return train, test
