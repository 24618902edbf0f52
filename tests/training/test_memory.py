"""A step of training, its batch included, allocates nothing of the size of a batch."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.kernels import IMPLEMENTATION

ROWS = 8192
SMALLEST = ROWS * np.dtype(np.float32).itemsize  # one number for each row


def mlp() -> tuple[Any, tuple[int, ...]]:
    stack = [layers.Dense(32, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(16)]
    return dtrain.Sequential([dtrain.Input((20,)), *stack, layers.Dense(10, activation="softmax")]), (20,)


def cnn() -> tuple[Any, tuple[int, ...]]:
    stack = [
        layers.Conv2D(3, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Conv2D(3, 3, activation="tanh"),
        layers.GlobalAveragePooling2D(),
    ]
    return dtrain.Sequential([dtrain.Input((6, 6, 1)), *stack, layers.Dense(10, activation="softmax")]), (6, 6, 1)


def lstm() -> tuple[Any, tuple[int, ...]]:
    stack = [layers.Embedding(20, 5, mask_zero=True), layers.LSTM(6), layers.Dense(10, activation="softmax")]
    return dtrain.Sequential([dtrain.Input((6,), dtype="int32"), *stack]), (6,)


class Watch(dtrain.callbacks.Callback):
    """The largest amount allocated from the end of one step to the end of the next."""

    wants_batch_logs = False

    def __init__(self) -> None:
        super().__init__()
        self.peaks: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch:
            peak = tracemalloc.get_traced_memory()[1]
            self.peaks.append(peak - self.before)
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]


def peak(make: Callable[[], tuple[Any, tuple[int, ...]]], dtype: str, optimizer: str, rows: int) -> int:
    """The largest amount that a step with a batch of so many rows allocates."""
    model, shape = make()
    numbers = np.random.default_rng(0)
    x = numbers.integers(0, 20, (3 * rows, *shape)).astype(dtype)
    y = numbers.integers(0, 10, 3 * rows)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=rows, verbose=0)
    watch = Watch()
    tracemalloc.start()
    try:
        model.fit(x, y, batch_size=rows, callbacks=[watch], verbose=0)
    finally:
        tracemalloc.stop()
    assert len(watch.peaks) == 2
    return max(watch.peaks)


SORTS = pytest.mark.skipif(
    IMPLEMENTATION == "numpy", reason="without compiled kernels, Embedding's gradient sorts its indices into new arrays"
)


@pytest.mark.parametrize(
    ("make", "dtype", "optimizer"),
    [
        (mlp, "float32", "adam"),
        (mlp, "float64", "sgd"),
        (cnn, "float32", "adam"),
        pytest.param(lstm, "int32", "adam", marks=SORTS),
    ],
)
def test_no_array_of_batch_size_is_allocated_in_a_step(
    make: Callable[[], tuple[Any, tuple[int, ...]]], dtype: str, optimizer: str
) -> None:
    """What a step allocates (pieces that stay in the cache) does not grow with the batch by any activation.

    One vector of a number for each row is let through: a bias's gradient is a product with ones.
    """
    small, large = (peak(make, dtype, optimizer, rows) for rows in (ROWS, 3 * ROWS))
    assert large - small < 3 * SMALLEST
