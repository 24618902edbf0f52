"""Callbacks that write the files of a run beside its checkpoints: config.toml and history.csv."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from dtrain.callbacks import Callback
from dtrain.distributed import is_main


class ConfigFile(Callback):
    """Writes the resolved configuration when the first epoch begins.

    By then a run that is resumed has taken its checkpoint: one that does not fit leaves the earlier configuration.
    """

    def __init__(self, path: Path, text: str) -> None:
        super().__init__()
        self.path = path
        self.text = text
        self._written = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if is_main() and not self._written:
            _write(self.path, self.text)
            self._written = True


class HistoryFile(Callback):
    """Writes the logs of each epoch as a row of a CSV file, in Keras's log names.

    An epoch that is trained again after a resume replaces its old row, and those after it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not is_main():
            return
        row = {"epoch": str(epoch), **{name: repr(float(value)) for name, value in (logs or {}).items()}}
        rows = [*(old for old in self._rows() if int(old["epoch"]) < epoch), row]
        names = list(dict.fromkeys(name for each in rows for name in each))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        _write(self.path, text.getvalue())

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        with open(self.path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def _write(path: Path, text: str) -> None:
    """Write the file anew and rename it into place: a reader, or a run that was killed, sees a whole one."""
    from dtrain.checkpoint.atomic import write_atomically

    write_atomically(path, text.encode())
