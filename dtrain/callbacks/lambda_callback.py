"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .callback import Callback

Function = Callable[..., Any] | None


class LambdaCallback(Callback):
    """Calls the given functions; any method of `Callback` can be given by its name.

    Args:
        on_epoch_begin: called with `epoch, logs`.
        on_epoch_end: called with `epoch, logs`.
        on_train_begin: called with `logs`.
        on_train_end: called with `logs`.
        on_train_batch_begin: called with `batch, logs`.
        on_train_batch_end: called with `batch, logs`.

    Raises:
        ValueError: for a name that is no method of `Callback`.
    """

    def __init__(
        self,
        on_epoch_begin: Function = None,
        on_epoch_end: Function = None,
        on_train_begin: Function = None,
        on_train_end: Function = None,
        on_train_batch_begin: Function = None,
        on_train_batch_end: Function = None,
        **kwargs: Function,
    ) -> None:
        super().__init__()
        functions = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise ValueError(f"LambdaCallback: unknown method {name!r}")
            if function is not None:
                setattr(self, name, function)
