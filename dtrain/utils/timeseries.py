"""Windows that slide along a time series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dtrain.datasets.row_batches import RowBatches
from dtrain.graph import Array


class _Windows:
    """Row k is the window that begins at `starts[k]`, with the target of that place."""

    def __init__(self, data: Array, targets: Array | None, starts: NDArray[np.int64], steps: NDArray[np.int64]) -> None:
        self._data, self._targets = data, targets
        self._starts, self._steps = starts, steps

    def __len__(self) -> int:
        return len(self._starts)

    def read_rows(self, rows: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """The windows and their targets."""
        starts = self._starts[rows]
        y = None if self._targets is None else self._targets[starts]
        return self._data[starts[:, None] + self._steps], y, None


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> RowBatches:
    """Windows of a time series and the target of each, made when they are asked for.

    Row k is `data[k * sequence_stride + [0, 1, ..., sequence_length - 1] * sampling_rate]`, its target
    `targets[k * sequence_stride]`; both count from `start_index`.

    Args:
        data: (times, ...).
        targets: (times, ...), where `targets[i]` belongs to the window that begins at i; None: there are none.
        sequence_length: times of a window.
        sequence_stride: times from one window to the next.
        sampling_rate: times from one row of a window to the next.
        batch_size: windows of a batch; None: a loop gives one after the other.
        shuffle: whether windows come in another order in each pass.
        seed: of that order.
        start_index, end_index: the times to use, as in a slice.
        format: accepted for scripts that give it.

    Raises:
        ValueError: for times outside of the series, and steps that are not positive or longer than it.
    """
    series = np.asarray(data)
    length = len(series)
    start, end = start_index or 0, length if end_index is None else end_index
    name = "timeseries_dataset_from_array"
    if not 0 <= start < length or not start < end <= length:
        raise ValueError(
            f"{name}: expected 0 <= start_index < end_index <= {length}, the length of the data. "
            f"Received: start_index={start_index}, end_index={end_index}"
        )
    for argument, value in (
        ("sequence_length", sequence_length), ("sequence_stride", sequence_stride), ("sampling_rate", sampling_rate)
    ):  # fmt: skip
        if not 0 < value <= length:
            raise ValueError(f"{name}: expected {argument} to be between 1 and {length}. Received: {value!r}")
    count = end - start - (sequence_length - 1) * sampling_rate
    goals: Array | None = None if targets is None else np.asarray(targets)
    if goals is not None:
        goals = goals[start:end]
        count = min(count, len(goals))
    starts = np.arange(0, max(0, count), sequence_stride, dtype=np.int64)
    steps = np.arange(sequence_length, dtype=np.int64) * sampling_rate
    return RowBatches(_Windows(series[start:end], goals, starts, steps), batch_size, shuffle, seed)
