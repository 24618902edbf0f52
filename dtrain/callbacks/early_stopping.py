"""Training stops when it no longer helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.graph import Array
from dtrain.utils.messages import print_msg

from .callback import Logs
from .monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stops training when the watched value has not got better for `patience` epochs.

    Args:
        monitor: a name in the logs.
        min_delta: changes up to this size do not count.
        patience: epochs without a better value before training stops.
        verbose: 1: say so.
        mode: "min", "max" or "auto".
        baseline: patience begins anew only by values better than this.
        restore_best_weights: end with the weights of the best epoch.
        start_from_epoch: epochs before this one are not looked at.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._forget()

    def _forget(self) -> None:
        self.best = None
        self.best_epoch = 0
        self.best_weights: list[Array] | None = None
        self.stopped_epoch = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        current = self.monitored(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_improvement(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        if self.stopped_epoch and self.verbose:
            print_msg(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print_msg(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)

    def state(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.wait, self.stopped_epoch = state["wait"], state["stopped_epoch"]

    def arrays(self) -> dict[str, Array]:
        return {f"best_weights/{k}": array for k, array in enumerate(self.best_weights or ())}

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        self.best_weights = [arrays[f"best_weights/{k}"] for k in range(len(arrays))]
