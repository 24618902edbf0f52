"""Processes that share the rows of a batch: threads that add arrays as MPI would, each running its own plan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, StepContext

CUTS = ((6,), (2, 4), (5, 0, 1))
"""How six rows are shared; one process may have none."""


class Processes:
    """`run(work)` calls `work(rank, rows, context)` in one thread for each part of `cut`; results by rank."""

    def __init__(self, cut: Sequence[int]) -> None:
        self.cut = list(cut)
        self.starts = [0, *np.cumsum(cut).tolist()]
        self._barrier = threading.Barrier(len(cut), timeout=20)
        self._arrays: dict[int, Array] = {}

    def all_sum(self, rank: int, array: Array) -> None:
        self._arrays[rank] = array
        self._barrier.wait()
        total = sum(self._arrays[r] for r in range(len(self.cut)))
        self._barrier.wait()
        array[...] = total
        self._barrier.wait()

    def run(self, work: Callable[[int, slice, StepContext], Any]) -> list[Any]:
        results: list[Any] = [None] * len(self.cut)
        errors: list[BaseException] = []

        def thread(rank: int) -> None:
            context = StepContext(first_row=self.starts[rank], rank=rank, size=len(self.cut))
            context.all_sum = lambda array: self.all_sum(rank, array)
            try:
                results[rank] = work(rank, slice(self.starts[rank], self.starts[rank + 1]), context)
            except threading.BrokenBarrierError:
                pass
            except BaseException as error:
                errors.append(error)
                self._barrier.abort()

        threads = [threading.Thread(target=thread, args=(rank,)) for rank in range(len(self.cut))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if errors:
            raise errors[0]
        return results
