"""Progress on the screen."""

from __future__ import annotations

from typing import Any

from dtrain.utils.messages import print_msg
from dtrain.utils.progbar import Progbar, is_live

from .callback import Callback, Logs

_REDRAW_S = 0.2  # drawing takes about a millisecond


class ProgbarLogger(Callback):
    """Shows steps, loss and metrics: a live bar on a terminal, one line per epoch elsewhere (or with `verbose=2`)."""

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.target: int | None = None
        self._seen = 0
        self._rows = 0  # of the model, before the loop
        self._in_fit = False
        self._bar: Progbar | None = None

    @property
    def wants_batch_logs(self) -> bool:
        """Whether this process draws a live bar. `fit` computes the logs on all processes if one of them wants them."""
        return self.verbose == 1 and is_live()

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs = None) -> None:
        self._in_fit = True  # evaluations within fit are silent

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._start()
        if self.verbose and self.epochs > 1:
            print_msg(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        if self._seen == 0 and batch and self._bar is not None:
            self._bar.begin_at(batch)  # a resumed epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._update(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not self._in_fit:
            self._update(batch, logs)

    def on_test_end(self, logs: Logs = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._update(batch, None)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._finish(None)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _start(self) -> None:
        self.close()
        self._seen = 0
        self._rows = self._rows_so_far()
        self._bar = Progbar(self.target, verbose=self.verbose, interval=_REDRAW_S, stateless_metrics=())

    def _update(self, batch: int, logs: Logs) -> None:
        self._seen = batch + 1
        if self._bar is not None:
            values = (logs or {}).items() if self.verbose == 1 else ()
            self._bar.update(self._seen, values, finalize=False, samples=self._rows_so_far() - self._rows or None)

    def _rows_so_far(self) -> int:
        """Rows that the model has worked on, in all loops."""
        return getattr(self._session(), "rows", 0)

    def _session(self) -> Any:
        return getattr(self.model, "_session", None)

    def _finish(self, logs: Logs) -> None:
        if self._bar is not None:
            self._bar.note = getattr(self._session(), "pace", "") if self._in_fit else ""
            self._bar.update(self._seen, (logs or {}).items(), finalize=True)
