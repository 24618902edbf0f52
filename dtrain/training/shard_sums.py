"""Sums that go on from step to step, of which each micro-shard has a part of its own: those of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dtrain.graph import Array, Variable


class ShardSums:
    """For each micro-shard of this process its own part of variables that stand for parts of sums.

    Parts are added only when a result is asked for, so a step needs no communication for them.
    """

    def __init__(self, held: int) -> None:
        self._variables: dict[int, Variable] = {}
        self.parts: list[dict[int, Array]] = [{} for _ in range(held)]
        """For each micro-shard, by the `id` of a variable, its part of it."""

    def hold(self, variables: Iterable[Variable]) -> None:
        """Make parts of these variables, 0 at first, where there are none yet."""
        for variable in variables:
            if id(variable) not in self._variables:
                self._variables[id(variable)] = variable
                for own in self.parts:
                    own[id(variable)] = np.zeros(variable.shape, variable.dtype)

    def of(self, variable: Variable) -> list[Array]:
        """The part of each micro-shard of this process."""
        self.hold([variable])
        return [own[id(variable)] for own in self.parts]

    def pack(self, variables: Sequence[Variable]) -> Array:
        """The parts of variables as float64, shape (micro-shards of this process, numbers in all variables)."""
        self.hold(variables)
        rows = [[np.zeros(0), *(own[id(v)].ravel() for v in variables)] for own in self.parts]
        return np.stack([np.concatenate(row) for row in rows])

    def unpack(self, variables: Sequence[Variable], state: Array) -> None:
        """Put back what `pack` gave."""
        self.hold(variables)
        for own, row in zip(self.parts, state, strict=True):
            start = 0
            for variable in variables:
                part = own[id(variable)]
                part[...] = row[start : start + part.size].reshape(part.shape)
                start += part.size

    def reset(self) -> None:
        """Set all parts to 0."""
        for own in self.parts:
            for part in own.values():
                part[...] = 0

    def release(self) -> None:
        """Leave in the variables what this process's micro-shards hold together, as without micro-shards."""
        for key, variable in self._variables.items():
            variable.array[...] = sum(own[key] for own in self.parts)
