"""A vector as a sequence."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import plain_attributes, positive_int
from ..input_spec import InputSpec
from ..layer import Layer


class RepeatVector(Layer):
    """(N, I) to (N, n, I): the row `n` times."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int("RepeatVector", "n", n)
        self.input_spec = InputSpec(ndim=2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The repeated rows."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "n")}
