"""The logs of training as curves that TensorBoard shows."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .callback import Callback, Logs
from .event_file import EventFile

_UNUSED = ("write_images", "profile_batch", "embeddings_freq")


class TensorBoard(Callback):
    """Writes event files into the folders `train` and `validation` of `log_dir`, by the main process alone.

    Args:
        log_dir: `tensorboard --logdir <log_dir>` shows what is in it.
        histogram_freq: epochs between two records of how the values of each weight are spread; 0: none.
        write_graph: accepted for Keras's sake: no graph is written (`dtrain.utils.plot_model` draws models).
        write_images, profile_batch, embeddings_freq, embeddings_metadata: not supported; a warning says so.
        write_steps_per_second: whether epochs have `epoch_steps_per_second`.
        update_freq: `"epoch"`, or steps between two records of losses and metrics (`"batch"`: 1).
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        if update_freq not in ("epoch", "batch") and not (isinstance(update_freq, int) and update_freq > 0):
            wanted = "'epoch', 'batch' or a positive integer"
            raise ValueError(f"TensorBoard: expected update_freq {wanted}. Received: update_freq={update_freq!r}")
        given = dict(zip(_UNUSED, (write_images, profile_batch, embeddings_freq), strict=True))
        if unused := [name for name, value in given.items() if value]:
            warnings.warn(f"TensorBoard: {', '.join(unused)} is not supported and does nothing", stacklevel=2)
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._files: dict[str, EventFile] = {}
        self._step = self._evaluations = self._epoch_step = 0
        self._trains = False
        self._epoch_began_s = 0.0

    @property
    def wants_batch_logs(self) -> bool:
        """Whether the logs of single steps are looked at."""
        return self.update_freq != "epoch"

    def on_train_begin(self, logs: Logs = None) -> None:
        self._trains = True

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch_began_s, self._epoch_step = time.perf_counter(), self._step

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._step += 1
        if isinstance(self.update_freq, int) and self._step % self.update_freq == 0:
            self._write("train", self._step, {f"batch_{name}": value for name, value in (logs or {}).items()})

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        own = {f"epoch_{name}": value for name, value in (logs or {}).items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None:
            own["epoch_learning_rate"] = rate
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._epoch_began_s
            own["epoch_steps_per_second"] = (self._step - self._epoch_step) / seconds
        self._write("train", epoch, own)
        held_out = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        self._write("validation", epoch, {f"epoch_{name[4:]}": value for name, value in held_out.items()})
        if self.histogram_freq and epoch % self.histogram_freq == 0 and (file := self._file("train")):
            file.add_distributions(epoch, {weight.path: np.asarray(weight) for weight in self.model.weights})
            file.flush()

    def on_test_end(self, logs: Logs = None) -> None:
        if not self._trains:
            named = {f"evaluation_{name}_vs_iterations": value for name, value in (logs or {}).items()}
            self._write("validation", self._evaluations, named)
            self._evaluations += 1

    def on_train_end(self, logs: Logs = None) -> None:
        self.close()

    def close(self) -> None:
        self._trains = False
        for file in self._files.values():
            file.close()
        self._files.clear()

    def state(self) -> dict[str, Any]:
        return {"step": self._step}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._step = state["step"]

    def _write(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        numbers = {name: np.asarray(value).item() for name, value in values.items() if np.size(value) == 1}
        file = self._file(kind) if numbers else None
        if file is not None:
            file.add_numbers(step, numbers)
            file.flush()

    def _file(self, kind: str) -> EventFile | None:
        from dtrain.distributed.console import is_main

        if not is_main():
            return None
        if kind not in self._files:
            self._files[kind] = EventFile(Path(self.log_dir, kind))
        return self._files[kind]
