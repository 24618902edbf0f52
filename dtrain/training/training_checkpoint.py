"""A callback that writes the whole state of a run, so that it can go on as if it had never stopped."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dtrain.callbacks.callback import Callback
from dtrain.callbacks.monitor import MonitorCallback
from dtrain.checkpoint import Rotation

from .checkpointing import StateSaver

if TYPE_CHECKING:
    from .fitting import Fit


class TrainingCheckpoint(Callback):
    """Writes weights, optimizer state, position in the data, seed, history and callbacks' states into one HDF5 file.

    `model.fit(..., resume=folder)` goes on from the newest good file, bit for bit as the run would have. After
    SIGUSR1, SIGTERM or Ctrl-C, to any of the processes, all write the state after the same step and end. Files are
    written in the background: a step waits only for a copy of the state.

    Args:
        folder: where the files go, made if missing; one run at a time may write there.
        every_epochs: write at the end of every so many epochs, and of the last one; 0: never.
        every_steps: write too after every so many steps.
        every_minutes: write too when so many minutes have passed since the last file.
        keep_last: number of files that are kept, of the latest.
        run_config: plain values to keep in the file.
        keep_best: number of files that are kept besides, of epochs with the best `monitor`.
        keep_every: keep besides the file of each step that is a multiple of this number.
        monitor: the name in the logs of an epoch by which `keep_best` chooses.
        mode: whether the best `monitor` is the least ("min") or the greatest ("max"); "auto": by its name.
        on_error: what is done when a file cannot be written, because the disk is full, say: "raise" an error, or
            "warn" and train on; the files before it stay, and the next one is tried in its turn.

    Raises:
        CheckpointError: on all processes, when the folder cannot be written at the start, or, if `on_error` is
            "raise", a file later on: at the next file or at the end.
        SystemExit: after a signal, with status 75 (not done, try again).
        KeyboardInterrupt: after Ctrl-C; a second Ctrl-C does not wait for the step's end.
    """

    def __init__(
        self,
        folder: Any,
        every_epochs: int = 1,
        every_steps: int | None = None,
        every_minutes: float | None = None,
        keep_last: int = 3,
        run_config: Any = None,
        *,
        keep_best: int = 0,
        keep_every: int | None = None,
        monitor: str = "val_loss",
        mode: str = "auto",
        on_error: str = "raise",
    ) -> None:
        super().__init__()
        if every_epochs < 0 or (every_steps is not None and every_steps < 1):
            raise ValueError(
                "TrainingCheckpoint: every_epochs must be at least 0 and every_steps at least 1. "
                f"Received: {every_epochs=}, {every_steps=}"
            )
        if on_error not in ("raise", "warn"):
            raise ValueError(f"TrainingCheckpoint: on_error must be 'raise' or 'warn'. Received: {on_error=}")
        self._watch = MonitorCallback(monitor, mode)
        self._metric: float | None = None
        rotation = Rotation(keep_last=keep_last, keep_best=keep_best, keep_every=keep_every)
        self._saver = StateSaver(folder, rotation, run_config, on_error)
        self._every_epochs = every_epochs
        self._every_steps = every_steps
        self._every_seconds = None if every_minutes is None else 60 * every_minutes
        self._last = time.monotonic()

    def before_training(self, fit: Fit) -> None:
        """Take the folder, so that one that cannot be written is known before the first step. Called by `fit`."""
        if self._saver.rotation.keep_best:
            self._watch.set_model(fit.model)
            rising = self._watch.is_improvement(1.0, 0.0)
            self._saver.rotation = replace(self._saver.rotation, best="max" if rising else "min")
        self._saver.open(fit)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take note of the value by which the best files are chosen."""
        self._metric = self._watch.monitored(logs) if self._saver.rotation.keep_best else None

    def after_step(self, fit: Fit) -> None:
        """Write when the steps or the minutes are over. Called by `fit` when all other callbacks are done."""
        steps_are_over = self._every_steps is not None and fit.session.step_count % self._every_steps == 0
        if steps_are_over or self._minutes_are_over(fit) or self._saver.is_doubtful(fit):
            self._save(fit)

    def after_epoch(self, fit: Fit) -> None:
        """Write at the end of an epoch. Called by `fit` when all other callbacks are done."""
        last = fit.epoch >= fit.epochs or fit.model.stop_training
        if self._every_epochs and (last or fit.epoch % self._every_epochs == 0):
            self._save(fit, self._metric)
        if last:
            self._saver.wait(fit)

    def save_now(self, fit: Fit) -> str:
        """Write because training is about to end, and say where. Called by `fit` after a signal."""
        self._save(fit)
        written = self._saver.wait(fit)
        return f"{self._saver.folder}{'' if written else ' (an earlier one: this one could not be written)'}"

    def close(self) -> None:
        """Let go of the folder."""
        self._saver.close()

    def _save(self, fit: Fit, metric: float | None = None) -> None:
        self._saver.save(fit, metric)
        self._last = time.monotonic()

    def _minutes_are_over(self, fit: Fit) -> bool:
        """The main process's clock decides for all."""
        if self._every_seconds is None:
            return False
        return bool(fit.session.communicator.bcast(time.monotonic() - self._last >= self._every_seconds))
