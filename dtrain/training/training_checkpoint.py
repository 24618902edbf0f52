"""A callback that writes the whole state of a run, so that it can go on as if it had never stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dtrain.callbacks.callback import Callback

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
        keep_last: number of files that are kept.
        run_config: plain values to keep in the file.

    Raises:
        CheckpointError: on all processes, when a file cannot be written: at the next file or at the end.
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
    ) -> None:
        super().__init__()
        if every_epochs < 0 or (every_steps is not None and every_steps < 1):
            raise ValueError(
                "TrainingCheckpoint: every_epochs must be at least 0 and every_steps at least 1. "
                f"Received: {every_epochs=}, {every_steps=}"
            )
        self._saver = StateSaver(folder, keep_last, run_config)
        self._every_epochs = every_epochs
        self._every_steps = every_steps
        self._every_seconds = None if every_minutes is None else 60 * every_minutes
        self._last = time.monotonic()

    def before_training(self, fit: Fit) -> None:
        """Take the folder, so that one that cannot be written is known before the first step. Called by `fit`."""
        self._saver.open(fit)

    def after_step(self, fit: Fit) -> None:
        """Write when the steps or the minutes are over. Called by `fit` when all other callbacks are done."""
        steps_are_over = self._every_steps is not None and fit.model.optimizer.step_count % self._every_steps == 0
        if steps_are_over or self._minutes_are_over(fit):
            self._save(fit)

    def after_epoch(self, fit: Fit) -> None:
        """Write at the end of an epoch. Called by `fit` when all other callbacks are done."""
        last = fit.epoch >= fit.epochs or fit.model.stop_training
        if self._every_epochs and (last or fit.epoch % self._every_epochs == 0):
            self._save(fit)
        if last:
            self._saver.wait(fit)

    def save_now(self, fit: Fit) -> str:
        """Write because training is about to end, and return the folder. Called by `fit` after a signal."""
        self._save(fit)
        self._saver.wait(fit)
        return str(self._saver.folder)

    def close(self) -> None:
        """Let go of the folder."""
        self._saver.close()

    def _save(self, fit: Fit) -> None:
        self._saver.save(fit)
        self._last = time.monotonic()

    def _minutes_are_over(self, fit: Fit) -> bool:
        """The main process's clock decides for all."""
        if self._every_seconds is None:
            return False
        return bool(fit.session.communicator.bcast(time.monotonic() - self._last >= self._every_seconds))
