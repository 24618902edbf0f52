"""The metrics of `compile` as one, for steps that a model has written anew: they update it with all outputs."""

from __future__ import annotations

from typing import Any

from .program_cache import output_names
from .scoreboard import Scoreboard

Model = Any


class CompiledMetrics:
    """What `model.metrics` holds beside the mean loss: `update_state(y, y_pred)` finds out what each name means."""

    name = "compile_metrics"

    def __init__(self, model: Model, board: Scoreboard) -> None:
        self._model = model
        self._board = board

    @property
    def metrics(self) -> list[Any]:
        """The metrics, once the first batch has shown the shapes."""
        return list(self._board.named_metrics)

    @property
    def variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update every metric with its output."""
        names = output_names(self._model, y_pred)
        self._board.resolve(names, y_true, y_pred)
        self._board.trace(names, y_true, y_pred, sample_weight)

    def result(self) -> dict[str, Any]:
        """The results by log name."""
        return self._board.results()

    def reset_state(self) -> None:
        """Start anew."""
        for metric in self.metrics:
            metric.reset_state()
