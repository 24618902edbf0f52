"""Ways to add the flat gradients of all ranks, and to let each rank update its own part of the weights."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Array, Communicator


class Reduction(ABC):
    """Owns the memory of gradients, weights and optimizer state, and adds the gradients of all ranks.

    Attributes:
        name: in reports.
        region: the part of the flat arrays that this rank updates; None: each rank updates all of it.
        shares_values: whether all ranks look at the same memory of weights, so that they cannot differ.
        overlaps: whether sums that were begun go on while this rank computes.
    """

    name: str
    region: slice | None = None
    shares_values = False
    overlaps = False

    own_gradients: Array
    """This rank's own gradients, made by `gradients`."""

    @abstractmethod
    def gradients(self, count: int, dtype: DTypeLike) -> Array:
        """Make and return zeros for this rank's own gradients. Called once, before all else, by every rank."""

    @abstractmethod
    def values(self, count: int, dtype: DTypeLike) -> Array:
        """Return zeros for weights or optimizer state; where ranks share them, all must write the same first values."""

    @abstractmethod
    def add(self, part: slice) -> None:
        """Make `gradients[part]` (of which `region`, if there is one) the sum over all ranks. Every rank calls it."""

    def begin(self, part: slice) -> None:
        """Do what `add` does, or begin to: it is done after `complete`. Every rank begins the same parts in order."""
        self.add(part)

    def poll(self) -> None:
        """Carry on with the sums that were begun, without waiting."""
        return None

    def complete(self) -> None:
        """Wait for all sums that were begun."""
        return None

    @abstractmethod
    def publish(self) -> None:
        """Wait until all ranks have updated their regions. Every rank calls it, after the update."""


class Allreduce(Reduction):
    """MPI's own sum, in place; every rank updates its own copy of everything."""

    name = "Allreduce"

    def __init__(self, communicator: Communicator) -> None:
        self._communicator = communicator

    def gradients(self, count: int, dtype: DTypeLike) -> Array:
        self.own_gradients = np.zeros(count, dtype)
        return self.own_gradients

    def values(self, count: int, dtype: DTypeLike) -> Array:
        return np.zeros(count, dtype)

    def add(self, part: slice) -> None:
        self._communicator.Allreduce(self.own_gradients[part])

    def publish(self) -> None:
        """Nothing to wait for: each rank has values of its own."""
