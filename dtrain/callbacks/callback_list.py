"""Several callbacks called as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.graph.nest import flatten

from .callback import Callback, Logs
from .history import History
from .progbar_logger import ProgbarLogger

_BATCH_ENDS = ("on_batch_end", "on_train_batch_end", "on_test_batch_end")
_PREDICTIONS = ("on_predict_batch_begin", "on_predict_batch_end")


class CallbackList(Callback):
    """Calls every callback in the order of the list.

    Args:
        callbacks: one callback or a nested list of them.
        add_history: add a `History` if there is none.
        add_progbar: add a `ProgbarLogger` if there is none.
        model: given to all of them.
        params: `verbose`, `epochs`, `steps`, ...: given to all of them.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Callback] = [c for c in flatten(callbacks or []) if c is not None]
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks: expected instances of Callback. Received: {callback!r}")
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    @property
    def looks_at_predictions(self) -> bool:
        """Whether a callback is told of single batches of `predict`."""
        return any(_writes(c, _PREDICTIONS) for c in self.callbacks if not isinstance(c, ProgbarLogger))

    @property
    def wants_batch_logs(self) -> bool:
        """Whether a callback looks at the logs of single steps; otherwise they need not be computed."""
        return any(_wants_batch_logs(callback) for callback in self.callbacks)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        callback.set_params(self.params)
        callback.set_model(self.model)
        self.callbacks.append(callback)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def state(self) -> dict[str, Any]:
        """The state of every callback, under its place in the list and its class: `"0:History"`."""
        states = {_label(k, c): c.state() for k, c in enumerate(self.callbacks)}
        return {label: state for label, state in states.items() if state}

    def load_state(self, state: Mapping[str, Any]) -> None:
        for k, callback in enumerate(self.callbacks):
            if _label(k, callback) in state:
                callback.load_state(state[_label(k, callback)])

    def arrays(self) -> dict[str, Any]:
        return {
            f"{_label(k, c)}/{name}": array for k, c in enumerate(self.callbacks) for name, array in c.arrays().items()
        }

    def load_arrays(self, arrays: Mapping[str, Any]) -> None:
        for k, callback in enumerate(self.callbacks):
            prefix = f"{_label(k, callback)}/"
            own = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
            if own:
                callback.load_arrays(own)

    def close(self) -> None:
        for callback in self.callbacks:
            callback.close()

    def on_train_begin(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(_plain(logs))

    def on_train_end(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_train_end(_plain(logs))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, _plain(logs))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        # One dict for all: a callback such as LearningRateScheduler adds entries that the next ones see.
        shared = _plain(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, shared)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs={} if logs is None else logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs={} if logs is None else logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs={} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs={} if logs is None else logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_test_begin(_plain(logs))

    def on_test_end(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_test_end(_plain(logs))

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs={} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs={} if logs is None else logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_begin(_plain(logs))

    def on_predict_end(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_end(_plain(logs))

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs={} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs={} if logs is None else logs)


def _wants_batch_logs(callback: Callback) -> bool:
    own = getattr(callback, "wants_batch_logs", None)
    if own is not None:
        return bool(own)
    return _writes(callback, _BATCH_ENDS)


def _writes(callback: Callback, names: tuple[str, ...]) -> bool:
    """Whether a callback has one of these methods of its own."""
    written = (vars(callback).get(name) or getattr(type(callback), name) for name in names)
    return any(method is not getattr(Callback, name) for name, method in zip(names, written, strict=True))


def _label(place: int, callback: Callback) -> str:
    return f"{place}:{type(callback).__name__}"


def _plain(logs: Logs) -> dict[str, Any]:
    """Logs with Python's numbers in place of NumPy's scalars."""
    return {k: v.item() if getattr(v, "ndim", None) == 0 and hasattr(v, "item") else v for k, v in (logs or {}).items()}
