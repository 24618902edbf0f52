"""A callback that lets an interrupted `fit` go on when the same script is started again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtrain.callbacks.callback import Callback
from dtrain.checkpoint import Rotation
from dtrain.distributed.console import is_main

from .checkpointing import StateSaver, restore_newest

if TYPE_CHECKING:
    from .fitting import Fit


class BackupAndRestore(Callback):
    """Writes the whole state of the run into a folder; at the start, `fit` goes on from what an earlier run left there.

    It goes on bit for bit as the run would have: weights, optimizer state, position in the epoch, seed, history and
    the states of the callbacks. When training ends, the files are removed.

    Args:
        backup_dir: folder for the files of this run alone, made if missing.
        save_freq: "epoch", or a number of steps after which to write.
        double_checkpoint: keep the file before the last one, too.
        delete_checkpoint: whether the files are removed at the end of training.

    Raises:
        ValueError: for another `save_freq`.
        CheckpointError: on all processes, when a file cannot be written.
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if save_freq != "epoch" and (isinstance(save_freq, (bool, str)) or int(save_freq) < 1):
            raise ValueError(f"BackupAndRestore: save_freq must be 'epoch' or a number >= 1. Received: {save_freq=}")
        self.backup_dir = Path(backup_dir)
        self.save_freq = save_freq
        self.delete_checkpoint = delete_checkpoint
        self._saver = StateSaver(self.backup_dir, Rotation(keep_last=2 if double_checkpoint else 1))
        self._finished = False

    def before_training(self, fit: Fit) -> None:
        """Take the folder and go on from what is in it. Called by `fit`."""
        self._finished = False
        self._saver.open(fit)
        restore_newest(self.backup_dir, fit)

    def after_step(self, fit: Fit) -> None:
        """Write when the steps are over. Called by `fit` when all other callbacks are done."""
        steps_are_over = self.save_freq != "epoch" and fit.session.step_count % int(self.save_freq) == 0
        if steps_are_over or self._saver.is_doubtful(fit):
            self._saver.save(fit)

    def after_epoch(self, fit: Fit) -> None:
        """Write at the end of an epoch. Called by `fit` when all other callbacks are done."""
        self._saver.save(fit)

    def on_train_end(self, logs: Any = None) -> None:
        self._finished = True

    def close(self) -> None:
        """Let go of the folder, and remove the files of a run that has ended."""
        self._saver.close()
        if self._finished and self.delete_checkpoint and is_main():
            self._remove()

    def _remove(self) -> None:
        from dtrain.checkpoint.store import list_checkpoints

        for path in list_checkpoints(self.backup_dir):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # something else lies in the folder: it stays
            (self.backup_dir / ".lock").unlink(missing_ok=True)
            self.backup_dir.rmdir()
