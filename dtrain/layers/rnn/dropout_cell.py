"""Dropout inside recurrent cells: one mask for all steps of a sequence."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.random import dropout


class DropoutCell:
    """Mixed into cells that have `dropout`, `recurrent_dropout` and `seed_generator`.

    `RNN` calls `start_sequence` before the first step, so that the masks (Gal and Ghahramani 2016,
    arXiv:1512.05287) stay the same from step to step.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: Any
    _masks: tuple[Any, Any] = (None, None)

    def start_sequence(self, inputs: Any, state: Any, training: bool) -> None:
        """Draw the masks of inputs (N, I) and of the state (N, units) for one sequence."""
        self._masks = (
            self._draw(inputs, self.dropout if training else 0.0),
            self._draw(state, self.recurrent_dropout if training else 0.0),
        )

    def end_sequence(self) -> None:
        """Forget the masks."""
        self._masks = (None, None)

    def _draw(self, like: Any, rate: float) -> Any:
        return dropout(ops.ones_like(like), rate, seed=self.seed_generator) if rate else None

    def drop_inputs(self, inputs: Any) -> Any:
        """The inputs of one step with dropout."""
        return inputs if self._masks[0] is None else inputs * self._masks[0]

    def drop_state(self, state: Any) -> Any:
        """The state before one step with dropout."""
        return state if self._masks[1] is None else state * self._masks[1]
