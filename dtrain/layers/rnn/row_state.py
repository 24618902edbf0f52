"""The states of a stateful recurrent layer between batches: one row for each row of the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Spec, Variable, current_trace


class _RowVariable(Variable):
    """A variable whose first axis holds this process's rows of the batch."""

    total = 0

    @property
    def spec(self) -> Spec:
        return Spec(self.array.shape, self.array.dtype, batch=0, total=self.total)


class RowState:
    """Variables that are neither weights nor written to files, made when the number of rows is known."""

    def __init__(self) -> None:
        self._held: tuple[list[Variable]] | None = None  # in a tuple of a list, so that no layer counts it as weights

    @property
    def variables(self) -> list[Variable] | None:
        return None if self._held is None else self._held[0]

    def load(self, template: list[Any]) -> list[Any]:
        """The states, zeros at first; `template` shows their shapes.

        Raises:
            ValueError: when the number of rows changes between batches.
        """
        if _only_shapes():
            return template
        if self._held is None:
            made: list[Variable] = []
            for number, like in enumerate(template):
                variable = _RowVariable(np.zeros(like.spec.shape, like.dtype), trainable=False, name=f"state{number}")
                variable.total = like.spec.total or like.spec.shape[0]
                made.append(variable)
            self._held = (made,)
        found = [v.shape for v in self._held[0]]
        expected = [tuple(t.spec.shape) for t in template]
        if found != expected:
            raise ValueError(
                f"A stateful layer keeps one state for each row: all batches must have the same number of rows. "
                f"Expected states of shapes {found}. Received a batch for shapes {expected}"
            )
        return [v.value for v in self._held[0]]

    def store(self, states: list[Any]) -> None:
        """Keep the states that a batch ended with."""
        if _only_shapes():
            return
        for variable, state in zip(self.variables or (), states, strict=True):
            variable.assign(state)

    def reset(self) -> None:
        """Zeros again."""
        for variable in self.variables or ():
            variable.array[...] = 0


def _only_shapes() -> bool:
    trace = current_trace()
    return trace is not None and trace.symbolic
