"""Which layers `fit` changes: settled when the model is compiled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Model = Any


class TrainableFlags:
    """The `trainable` of every layer of a model at one moment.

    A layer may be trained by one model and frozen in another (a discriminator and the network that plays against it),
    so each compiled model keeps the flags that it was compiled with.
    """

    def __init__(self, model: Model) -> None:
        self._flags = [(layer, layer.trainable) for layer in model._flat_layers()]
        self._told: list[str] = []

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Within the block, the layers have the flags of then."""
        now = [(layer, layer._trainable) for layer, _ in self._flags]
        _set(self._flags)
        try:
            yield
        finally:
            _set(now)

    def warn_of_changes(self, model: Model) -> None:
        """Warn when flags were changed since."""
        changed = [layer.name for layer, flag in self._flags if layer.trainable != flag and layer is not model]
        if changed and changed != self._told:
            self._told = changed
            warnings.warn(
                f"{model.name}: `trainable` of {', '.join(changed)} was changed after compile(). The model is trained "
                "as it was compiled; call compile() again if the change is meant for it",
                stacklevel=2,
            )


def _set(flags: list[tuple[Any, bool]]) -> None:
    for layer, flag in flags:
        layer._trainable = flag
