"""The base of all callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.graph import Array

Logs = dict[str, Any] | None


class Callback:
    """Called by fit, evaluate and predict at every stage, on every process; `self.model` and `self.params` are set.

    `params` holds `verbose`, `epochs` and `steps`. The logs are the same on all processes. A callback that writes
    files does so on the main process only (`dtrain.distributed.console.is_main`).
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained, evaluated or used."""
        return getattr(self, "_model", None)

    def set_model(self, model: Any) -> None:
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def state(self) -> dict[str, Any]:
        """What the callback must remember when training goes on in another process, as JSON-able values."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """The inverse of `state`. Called after `on_train_begin`."""

    def arrays(self) -> dict[str, Array]:
        """Arrays that belong to the state."""
        return {}

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """The inverse of `arrays`. Called after `load_state`."""

    def close(self) -> None:
        """Let go of files and the screen. Called when training ends, also by an error."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch, with its logs."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch; the first is 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch and its validation, with the logs of both."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a step of training; the first of an epoch is 0."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a step of training, with the loss and metrics of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before an evaluation, also within fit."""

    def on_test_end(self, logs: Logs = None) -> None:
        """After an evaluation, with its logs."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a step of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a step of evaluation, with the loss and metrics so far."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a step of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a step of prediction, with its `outputs`."""
