"""All trainable values in one flat array, all gradients in another; a parameter is a named view of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from .spec import Array
from .variable import Variable

ALIGNMENT = 16  # values between the starts of two parameters: 64 bytes of float32, one cache line


class Parameters:
    """The trainable variables of a model, moved into one flat array.

    `values` and `gradients` are one-dimensional and of the same length; parameter number k lies at `slices[k]` of
    both. Gaps between parameters (so that each starts on a cache line) hold zeros in both arrays and stay zero.

    Args:
        variables: in the order in which the backward pass completes their gradients. All of one dtype.
        gradients: `gradients(count, dtype)` gives zeros for the gradients.
        values: `values(count, dtype)` gives zeros for the values, and for what an optimizer keeps for each of them.
            Processes of one host may get the same memory.
    """

    def __init__(
        self,
        variables: Iterable[Variable],
        gradients: Callable[[int, str], Array] = np.zeros,
        values: Callable[[int, str], Array] = np.zeros,
    ) -> None:
        self.variables = list(variables)
        dtypes = {v.dtype for v in self.variables}
        if len(dtypes) > 1:
            listing = ", ".join(f"{v.path}: {v.dtype}" for v in self.variables)
            raise ValueError(f"Expected trainable variables of one dtype. Received: {listing}")
        dtype = dtypes.pop() if dtypes else "float32"
        self.slices: list[slice] = []
        count = 0
        for variable in self.variables:
            size = variable.array.size
            self.slices.append(slice(count, count + size))
            count += -(-size // ALIGNMENT) * ALIGNMENT
        self.gradients = gradients(count, dtype)
        self.allocate = values
        self.values = values(count, dtype)
        self._index = {id(v): k for k, v in enumerate(self.variables)}
        self.adopt()

    def adopt(self) -> None:
        """Move every variable into `values` that does not lie there (another model may have taken a shared one)."""
        for variable, where in zip(self.variables, self.slices, strict=True):
            home = self.values[where].reshape(variable.shape)
            if variable.array.ctypes.data != home.ctypes.data:
                variable.rebind(home)

    def __contains__(self, variable: Variable) -> bool:
        return id(variable) in self._index

    def slice_of(self, variable: Variable) -> slice:
        return self.slices[self._index[id(variable)]]

    def gradient(self, variable: Variable) -> Array:
        """The variable's gradient: a view of the flat array in the variable's shape."""
        return self.gradients[self.slice_of(variable)].reshape(variable.shape)
