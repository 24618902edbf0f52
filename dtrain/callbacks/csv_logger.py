"""The logs of every epoch as a line of a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TextIO

from .callback import Callback, Logs


class CSVLogger(Callback):
    """Writes the epoch (from 0) and the logs, sorted by name, into a CSV file.

    Args:
        filename: the file.
        separator: between the fields.
        append: add to a file that is there; otherwise it is overwritten.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: TextIO | None = None
        self._begins = not append  # whether the next line is the first one of the file

    def on_train_begin(self, logs: Logs = None) -> None:
        from dtrain.distributed.console import is_main

        self.close()
        self.keys = None
        self._begins = not self.append
        if not is_main():
            return
        try:
            Path(self.filename).parent.mkdir(parents=True, exist_ok=True)
            open(self.filename, "a").close()  # a path that cannot be written fails now and not after an epoch
        except OSError as error:
            text = f"CSVLogger: cannot write there: {error.strerror}. Choose another filename"
            raise OSError(error.errno, text, str(self.filename)) from error

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        from dtrain.distributed.console import is_main

        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        if not is_main():
            self._begins = False  # whoever becomes the main process adds to what is there
            return
        values = [_text(logs.get(key, "NA")) for key in self.keys]
        self._write([epoch, *values])

    def _write(self, row: list[Any]) -> None:
        if self._file is None:
            mode: Literal["w", "a"] = "w" if self._begins else "a"
            self._file = open(self.filename, mode, newline="")  # noqa: SIM115 (stays open until `close`)
            self._begins = False
        writer = csv.writer(self._file, delimiter=self.sep)
        if self._file.tell() == 0:
            writer.writerow(["epoch", *(self.keys or ())])
        writer.writerow(row)
        self._file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def state(self) -> dict[str, Any]:
        path = Path(self.filename)
        return {"keys": self.keys, "bytes": path.stat().st_size if path.exists() and not self._begins else 0}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on behind the line that was the last one; later lines are those of epochs that are run again."""
        from dtrain.distributed.console import is_main

        self.keys = state["keys"]
        self._begins = False
        if is_main() and Path(self.filename).stat().st_size > state["bytes"]:
            os.truncate(self.filename, state["bytes"])


def _text(value: Any) -> Any:
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", None):
        return f'"[{", ".join(map(str, value))}]"'
    return value
