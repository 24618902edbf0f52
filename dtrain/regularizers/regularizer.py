"""The base of all regularizers."""

from __future__ import annotations

import math
from typing import Any, Self

from dtrain.utils.arguments import known_arguments


class Regularizer:
    """A penalty on a variable or an output, added to the loss: `regularizer(x)` returns a scalar tensor.

    Subclasses write `__call__(x)` with ops and, to be saved, `get_config`.
    """

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method `__call__(x)`: write one")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        raise NotImplementedError(f"{type(self).__name__} has no method `get_config()`: write one to save it")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The regularizer that `get_config` describes."""
        return cls(**known_arguments(cls, config))


def check_factor(owner: str, name: str, value: Any) -> float:
    """`value` as a number.

    Raises:
        ValueError: if it is not a finite number >= 0.
    """
    if isinstance(value, bool) or (not isinstance(value, (int, float)) and not hasattr(value, "__float__")):
        raise ValueError(f"{owner}: {name} must be a number >= 0. Received: {name}={value!r}")
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{owner}: {name} must be a number >= 0. Received: {name}={value!r}")
    return number
