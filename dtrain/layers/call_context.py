"""What one call of a model hands down to the layers inside it: training or not, and the path of names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class CallContext(threading.local):
    """`training` of the outermost call that set it, the layer that was called first, the names of open layers."""

    def __init__(self) -> None:
        self.training: bool | None = None
        self.entry: Any = None
        self.names: list[str] = []


context = CallContext()


@contextmanager
def calling(layer: Any, training: bool | None) -> Iterator[None]:
    """Make `layer` the innermost open layer; `training=None` keeps the caller's value."""
    outer = (context.training, context.entry)
    context.training = outer[0] if training is None else training
    context.entry = outer[1] or layer
    context.names.append(layer.name)
    try:
        yield
    finally:
        context.names.pop()
        context.training, context.entry = outer


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Put `name` before the paths of variables made in this block."""
    context.names.append(name)
    try:
        yield
    finally:
        context.names.pop()
