"""An optimizer's state of one value per trained value: flat arrays for the step, named views for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dtrain.graph import Array, Parameters, Variable

Groups = Sequence[Sequence[str]]


class Slots:
    """For every slot ("momentum", ...) and every trained variable, a variable of the same shape.

    Args:
        owner: the optimizer's name, the first part of paths.
        variables: the trained variables, in the order in which files hold their state.
        groups: names of slots in the order of files. Those of one group alternate from variable to variable.
        initial: first values of slots that do not start at zero.
    """

    def __init__(self, owner: str, variables: Sequence[Variable], groups: Groups, initial: Mapping[str, float]) -> None:
        self.variables = list(variables)
        self.groups = [tuple(group) for group in groups]
        self.names = [name for group in self.groups for name in group]
        self.flat: dict[str, Array] = {}
        self._initial = initial
        self._index = {id(v): k for k, v in enumerate(self.variables)}
        self._parts: dict[str, list[Variable]] = {
            name: [self._part(owner, name, v) for v in self.variables] for name in self.names
        }

    def _part(self, owner: str, slot: str, variable: Variable) -> Variable:
        name = f"{variable.path.replace('/', '_')}_{slot}"
        value = np.full(variable.shape, self._initial.get(slot, 0), variable.dtype)
        part = Variable(value, dtype=variable.dtype, trainable=False, name=name)
        part.path = f"{owner}/{name}"
        return part

    def __contains__(self, variable: Variable) -> bool:
        return id(variable) in self._index

    def part(self, slot: str, variable: Variable) -> Variable:
        """The state of one trained variable in one slot."""
        return self._parts[slot][self._index[id(variable)]]

    def parts(self, slot: str) -> list[Variable]:
        """The state of all trained variables in one slot."""
        return self._parts[slot]

    def rows(self, variable: Variable) -> dict[str, Array]:
        """The state of one trained variable as one-dimensional views."""
        index = self._index[id(variable)]
        return {name: self._parts[name][index].array.reshape(-1) for name in self.names}

    def in_file_order(self) -> list[Variable]:
        """All state as files number it."""
        return [self._parts[name][k] for group in self.groups for k in range(len(self.variables)) for name in group]

    def bind(self, parameters: Parameters) -> None:
        """Move the state of the variables of `parameters` into flat arrays of the same layout."""
        for name in self.names:
            flat = parameters.allocate(parameters.values.size, parameters.values.dtype.name)
            flat[...] = self._initial.get(name, 0)
            for variable, where in zip(parameters.variables, parameters.slices, strict=True):
                self.part(name, variable).rebind(flat[where].reshape(variable.shape))
            self.flat[name] = flat
