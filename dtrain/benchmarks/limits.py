"""What this process can do at most: floating-point operations and bytes a second, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_SIZES = tuple(2**k for k in range(16, 29, 2))  # 64 KiB, in a cache of the core, to 256 MiB, in memory
_REPEATS = 5


@dataclass(frozen=True)
class Limits:
    """Attributes:
    flops_s: of a product of matrices of 1024 rows and columns, by NumPy's BLAS.
    bytes_s: by the bytes that are touched, how many of them a second, by adding two arrays into a third.
    """

    flops_s: float
    bytes_s: dict[int, float]

    def arithmetic_s(self, flops: float) -> float:
        """Seconds for so many operations."""
        return flops / self.flops_s

    def memory_s(self, nbytes: float) -> float:
        """Seconds to touch so many bytes."""
        size = next((size for size in self.bytes_s if size >= nbytes), max(self.bytes_s))
        return nbytes / self.bytes_s[size]


def measure_limits() -> Limits:
    """Measure for about half a second, with the threads that the process has."""
    a = np.ones((1024, 1024), np.float32)
    product = np.empty_like(a)
    seconds = _best(lambda: np.matmul(a, a, out=product))
    return Limits(2 * 1024**3 / seconds, {size: _bytes_s(size) for size in _SIZES})


def _bytes_s(size: int) -> float:
    x, y, out = (np.ones(size // 12, np.float32) for _ in range(3))
    repeats = max(1, 2**22 // size)

    def add() -> None:
        for _ in range(repeats):
            np.add(x, y, out=out)

    return repeats * size / _best(add)


def _best(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
