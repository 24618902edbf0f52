"""Calls of a layer as a function of its variables' values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.graph import Variable

if TYPE_CHECKING:
    from .layer import Layer


class Stateless:
    """The part of `Layer` that is called with given values of its variables."""

    def stateless_call(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call the layer with these values of its variables; its own stay as they are.

        Args:
            trainable_variables: values in the order of `layer.trainable_variables`.
            non_trainable_variables: values in the order of `layer.non_trainable_variables`.
            return_losses: whether what `add_loss` and regularizers gave is returned too.

        Returns:
            `(outputs, values of the non-trainable variables after the call)`, and the losses if asked for.

        Raises:
            ValueError: when the layer is not built, or numbers or shapes differ.
        """
        layer: Layer = self
        if not layer.built:
            raise ValueError(f"{layer.name}: stateless_call needs a built layer: call `build(input_shape)` first")
        others = layer.non_trainable_variables
        given = [*trainable_variables, *non_trainable_variables]
        with _values(layer.name, [*layer.trainable_variables, *others], given):
            outputs = layer(*args, **kwargs)
            after = [variable.numpy() for variable in others]
            losses = list(layer.losses) if return_losses else []
        return (outputs, after, losses) if return_losses else (outputs, after)


@contextmanager
def _values(name: str, variables: list[Variable], values: list[Any]) -> Iterator[None]:
    """Within the block, the variables hold these values."""
    shapes = [tuple(np.shape(value)) for value in values]
    if shapes != [variable.shape for variable in variables]:
        expected = ", ".join(f"{variable.path} {variable.shape}" for variable in variables)
        raise ValueError(f"{name}: expected values of {expected}. Received shapes: {shapes}")
    before = [variable.numpy() for variable in variables]
    try:
        for variable, value in zip(variables, values, strict=True):
            variable.array[...] = value
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.array[...] = value
