"""The base of all constraints, and how an optimizer applies one."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from dtrain.graph import Array, Tensor, Variable, as_tensor
from dtrain.utils.arguments import known_arguments


class Constraint:
    """Brings the values of a variable back into a set after each step: `constraint(w)` returns the new values.

    Subclasses write `__call__(w)` with ops, or `project(w)` on arrays, and, to be saved, `get_config`.
    """

    def __call__(self, w: Any) -> Any:
        """The nearest allowed values: an array for an array, else a tensor."""
        array = np.array(w.numpy() if isinstance(w, (Tensor, Variable)) else w)
        self.project(array)
        return array if isinstance(w, np.ndarray) else as_tensor(array)

    def project(self, w: Array) -> None:
        """Overwrite `w` with the nearest allowed values."""
        if type(self).__call__ is Constraint.__call__:
            raise NotImplementedError(f"{type(self).__name__} has neither `__call__` nor `project`: write one of them")
        w[...] = np.asarray(self(as_tensor(w)))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The constraint that `get_config` describes."""
        return cls(**known_arguments(cls, config))


def constrain(variable: Variable) -> None:
    """Apply a variable's constraint to its value, in place."""
    constraint = variable.constraint
    if isinstance(constraint, Constraint):
        constraint.project(variable.array)
    else:
        variable.assign(constraint(variable.value))
