"""Sums between hosts by slices: every rank adds one slice of an array and sends the sum of it to all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Array, Communicator, Request
from dtrain.distributed.parts import own_part
from dtrain.kernels import bfloat16, rows

_MESSAGE_BYTES = 48 * 1024
"""MPI hands messages below its eager limit (64 KB over TCP) to the network at once; longer ones only move while some
function of MPI is called, which is not the case during a backward pass."""


class SliceExchange:
    """Adds arrays over all ranks of a communicator, in the order of ranks; several sums can be under way at once.

    Reduce-scatter, then allgather, each by direct messages: with p ranks and n bytes, every rank sends and receives
    `2 (p - 1) / p n` bytes, the least that is possible. The bits do not depend on how the values are cut into arrays.

    With `compressed`, values travel as bfloat16 and are added as float32. Each term of another rank, and the sum, is
    rounded to 8 significant bits, so that `|error| <= 2**-8 * (sum(|term|) + |sum|)`; all ranks get the same bits.
    """

    def __init__(self, communicator: Communicator, compressed: bool = False) -> None:
        """Sum over the ranks of `communicator`, on which nobody else may send messages.

        Args:
            communicator: the ranks, at least 2.
            compressed: for float32 arrays only.
        """
        self._communicator = communicator
        self._compressed = compressed
        self._known: dict[tuple[int, int], _Sum] = {}  # by address and length: the arrays of a step are always the same
        self._running: list[_Sum] = []

    def start(self, array: Array) -> None:
        """Begin to replace a one-dimensional array by its sum. Every rank starts the same sums in the same order."""
        key = (array.ctypes.data, array.size)
        if key not in self._known:
            kind = _CompressedSum if self._compressed else _Sum
            self._known[key] = kind(self._communicator, array)
        self._known[key].start(len(self._running))
        self._running.append(self._known[key])

    def poll(self) -> None:
        """Carry on with what can be done without waiting."""
        for total in self._running:
            total.advance()

    def finish(self) -> None:
        """Wait for all sums that were started."""
        for total in self._running:
            total.wait()
        self._running.clear()


class _Sum:
    """The sum of one array, again and again: first the terms of this rank's slice come in, then the others' sums."""

    _wire: DTypeLike | None = None  # None: as in the array

    def __init__(self, communicator: Communicator, array: Array) -> None:
        self._communicator = communicator
        self._array = array
        rank, size = communicator.rank, communicator.size
        self._slices = [own_part(array.size, k, size) for k in range(size)]
        self._own = array[self._slices[rank]]
        self._others = [(rank + k) % size for k in range(1, size)]  # no rank is the first that all others turn to
        self._received = np.empty((size, self._own.size), self._wire or array.dtype)
        self._requests: list[Request] = []
        self._tag = 0
        self._steps: list[int] = []

    def start(self, number: int) -> None:
        self._tag = 2 * number
        self._steps = [1, 2]
        outgoing = self._encoded()
        terms = [(outgoing[self._slices[k]], k) for k in self._others]
        self._post([(self._received[k], k) for k in self._others], terms)

    def advance(self) -> None:
        """Do what can be done now."""
        while self._steps and self._all_here():
            self._next()

    def wait(self) -> None:
        """Do all."""
        while self._steps:
            for request in self._requests:
                request.Wait()
            self._requests.clear()
            self._next()

    def _all_here(self) -> bool:
        while self._requests and self._requests[-1].Test():
            self._requests.pop()
        return not self._requests

    def _next(self) -> None:
        if self._steps.pop(0) == 1:
            own, whole = self._add()
            self._tag += 1
            self._post([(whole[self._slices[k]], k) for k in self._others], [(own, k) for k in self._others])
        else:
            self._decode()

    def _post(self, incoming: list[tuple[Array, int]], outgoing: list[tuple[Array, int]]) -> None:
        length = _MESSAGE_BYTES // self._received.itemsize
        receive, send = self._communicator.Irecv, self._communicator.Isend
        for array, rank in incoming:
            self._requests += [receive(array[i : i + length], rank, self._tag) for i in range(0, array.size, length)]
        for array, rank in outgoing:
            self._requests += [send(array[i : i + length], rank, self._tag) for i in range(0, array.size, length)]

    def _encoded(self) -> Array:
        """The array as it travels."""
        return self._array

    def _add(self) -> tuple[Array, Array]:
        """Add the terms of the own slice; returns it, and where all slices come together, as they travel."""
        terms = list(self._received)
        terms[self._communicator.rank] = self._own
        rows.add_terms(terms, self._own)
        return self._own, self._array

    def _decode(self) -> None:
        """Bring what came into the array."""


class _CompressedSum(_Sum):
    _wire = np.uint16

    def __init__(self, communicator: Communicator, array: Array) -> None:
        super().__init__(communicator, array)
        self._travelling = np.empty(array.size, np.uint16)
        self._terms = np.empty(self._received.shape, np.float32)

    def _encoded(self) -> Array:
        bfloat16.to_bfloat16(self._array, self._travelling)
        return self._travelling

    def _add(self) -> tuple[Array, Array]:
        rank = self._communicator.rank
        for k in self._others:
            bfloat16.from_bfloat16(self._received[k], self._terms[k])
        self._terms[rank] = self._own
        rows.add_terms(list(self._terms), self._own)
        own = self._travelling[self._slices[rank]]
        bfloat16.to_bfloat16(self._own, own)
        return own, self._travelling

    def _decode(self) -> None:
        bfloat16.from_bfloat16(self._travelling, self._array)
