"""The model or its weights saved during training."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dtrain.utils.messages import print_msg

from .callback import Logs
from .monitor import MonitorCallback


class ModelCheckpoint(MonitorCallback):
    """Saves the model every epoch, or every `save_freq` steps, or whenever it has got better.

    Args:
        filepath: where to; may hold placeholders of the epoch, the batch and the logs, such as
            `"{epoch:02d}-{val_loss:.3f}.keras"`. Ends in `.weights.h5` for weights, else in `.keras` or `.h5`.
        monitor: a name in the logs, for `save_best_only`.
        verbose: 1: say so.
        save_best_only: save only when the watched value is better than before.
        save_weights_only: `model.save_weights` in place of `model.save`.
        mode: "min", "max" or "auto".
        save_freq: "epoch", or a number of steps.
        initial_value_threshold: a first best value.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = 0
        self._steps = 0  # since the last file
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"ModelCheckpoint: save_freq must be 'epoch' or an integer >= 1. Received: save_freq={save_freq!r}"
            )
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: with save_weights_only={save_weights_only}, filepath must end in "
                f"{' or '.join(endings)}. Received: filepath={self.filepath!r}"
            )

    def on_train_begin(self, logs: Logs = None) -> None:
        self._check_folder()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            return
        self._steps += 1
        if self._steps >= int(self.save_freq):
            self._steps = 0
            self._save(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            self._save(None, logs)

    @property
    def wants_batch_logs(self) -> bool:
        """Whether it saves by steps: the path or the decision may need the logs."""
        return self.save_freq != "epoch"

    def _save(self, batch: int | None, logs: Logs) -> None:
        from dtrain.distributed.console import is_main

        if not self._is_due(logs):
            return
        path = self.path(batch, logs)
        self.model._settle()
        if is_main():
            if os.path.isdir(path) and not path.endswith(".keras"):
                raise IsADirectoryError(f"ModelCheckpoint: expected the path of a file. Received a folder: {path}")
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            if self.save_weights_only:
                self.model.save_weights(path, overwrite=True)
            else:
                self.model.save(path, overwrite=True)
        self._say(f"saved to {path}")

    def _check_folder(self) -> None:
        """Make the part of the path without placeholders: what cannot be written is known before the first step."""
        from dtrain.distributed.console import is_main

        if not is_main():
            return
        folder = Path(self.filepath.partition("{")[0] + "_").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        except OSError as error:
            text = f"ModelCheckpoint: cannot write there: {error.strerror}. Choose another filepath"
            raise OSError(error.errno, text, str(folder)) from error

    def _is_due(self, logs: Logs) -> bool:
        if not self.save_best_only:
            return True
        current = self.monitored(logs)
        if current is None:
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_improvement(current, self.best):
            self._say(f"{self.monitor} did not improve from {before}")
            return False
        self._say(f"{self.monitor} improved from {before} to {current:.5f}")
        self.best = current
        return True

    def path(self, batch: int | None, logs: Logs) -> str:
        """The file path with its placeholders filled in; epochs and batches count from 1."""
        values = {"epoch": self._epoch + 1, **({} if batch is None else {"batch": batch + 1}), **(logs or {})}
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath={self.filepath!r} asks for {error}. Known here: {', '.join(values)}"
            ) from None

    def _say(self, text: str) -> None:
        if self.verbose:
            print_msg(f"\nEpoch {self._epoch + 1}: {text}")

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "steps": self._steps}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.best, self._steps = state["best"], state["steps"]
