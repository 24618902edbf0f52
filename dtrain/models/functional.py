"""A model that is a graph between symbolic inputs and outputs."""

from __future__ import annotations

from typing import Any

from .legacy import accept_legacy_constructor
from .model import Model


@accept_legacy_constructor
class Functional(Model):
    """What `Model(inputs, outputs)` makes."""

    _keras_module = "keras.src.models.functional"  # Keras knows the class under this name only

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(inputs=inputs, outputs=outputs, name=name, **kwargs)
