"""Finds copies of a model that have drifted apart, by digests that are cheap enough to be compared while it trains."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.guard import compare_arrays

VARIABLE = "DTRAIN_CHECK_STEPS"
DEFAULT_STEPS = 100


def check_steps() -> int:
    """Return after how many steps the ranks compare what they hold: `$DTRAIN_CHECK_STEPS`, else 100; 0: never.

    Raises:
        ValueError: the variable is no whole number >= 0.
    """
    text = os.environ.get(VARIABLE, str(DEFAULT_STEPS))
    if not text.isdecimal():
        raise ValueError(f"{VARIABLE} must be a number of steps, or 0 for never. Received: {VARIABLE}={text}")
    return int(text)


class DriftCheck:
    """Compares what must be the same on all ranks, every so many steps.

    A step goes several times over the weights and a check once over a copy of them, at the speed of memory: with 100
    steps between checks they take less than 1 % of the time.

    Args:
        communicator: the ranks.
        every: steps between two checks; 0: never. The same on all ranks.
        arrays: gives the arrays to compare by name, for the error.
        pieces: gives the same values in few large pieces, for the digest.
    """

    def __init__(
        self,
        communicator: Communicator,
        every: int,
        arrays: Callable[[], Mapping[str, Array]],
        pieces: Callable[[], Iterable[Array]],
    ) -> None:
        self._communicator = communicator
        self._arrays, self._pieces = arrays, pieces
        self.every = every if communicator.size > 1 else 0

    def after_step(self, step: int) -> None:
        """Compare if it is time: after steps `every`, `2 * every`, ... Every rank must call it.

        Raises:
            DesyncError: on every rank alike, naming the first array that differs, the ranks and the step.
        """
        if self.every and step % self.every == 0:
            self.compare(f"after step {step}")

    def at_end_of_epoch(self, epoch: int, step: int) -> None:
        """Compare, unless that was just done; `epoch` counts from 0. Raises as `after_step`."""
        if self.every and step % self.every:
            self.compare(f"at the end of epoch {epoch + 1} (step {step})")

    def compare(self, when: str) -> None:
        """Compare now. Raises as `after_step`."""
        self._communicator.uniform(lambda: self._compare(when))

    def _compare(self, when: str) -> None:
        own = np.frombuffer(quick_digest(self._pieces()), np.uint8)[None]
        digests = self._communicator.Allgather_rows(own, [1] * self._communicator.size)
        if (digests != own).any():
            compare_arrays(self._communicator, self._arrays(), when)


def quick_digest(arrays: Iterable[Array]) -> bytes:
    """Return 16 bytes that differ when one bit of one array does: of each, the sum of its bits as 64-bit words.

    Made to find errors, not forgeries: words that change places within an array are not seen.
    """
    content = hashlib.sha256()
    for array in arrays:
        octets = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        whole = octets.size // 8 * 8
        words = octets[:whole].view(np.uint64)
        content.update(np.add.reduce(words, dtype=np.uint64).tobytes())
        content.update(octets[whole:].tobytes())
    return content.digest()[:16]
