"""The variables of a layer: its own and those of the layers that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dtrain.graph import Array, Variable, tracing

from .call_context import context

if TYPE_CHECKING:
    from .layer import Layer


class HeldVariables:
    """The part of `Layer` that makes, finds, reads and writes variables."""

    name: str
    built: bool
    _dtype: str
    _trainable: bool
    _own_variables: list[Variable]

    @property
    def variable_dtype(self) -> str:
        return self._dtype

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer. Default initializer: Glorot uniform for floats, zeros otherwise."""
        from dtrain import constraints, initializers, regularizers

        if isinstance(shape, str):
            raise ValueError(
                f"{self.name}: expected a shape first. Received: {shape!r}. Give the name as name={shape!r}"
            )
        kind = np.dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if kind.kind == "f" and shape else "zeros"
        sizes = (shape,) if isinstance(shape, int) else tuple(shape or ())
        if any(n is None for n in sizes):
            raise ValueError(
                f"{self.name}: expected a shape without None for the weight {name!r}. Received: {sizes}. "
                "Give the model an Input with all lengths that weights depend on."
            )
        with tracing(None):
            variable = Variable(initializers.get(initializer), sizes, kind, trainable, autocast, aggregation, name=name)
        variable.path = "/".join([*(context.names or [self.name]), variable.name])
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        self._own_variables.append(variable)
        return variable

    add_variable = add_weight

    def _sublayers(self) -> Iterator[Layer]:
        """The layers held by attributes (also in lists, tuples and dicts), in the order in which they were set."""
        from .layer import Layer

        held = (
            leaf for name, value in vars(self).items() if name not in _NOT_TRACKED for leaf in _leaves(value, Layer)
        )
        yield from {id(layer): layer for layer in held if layer is not self}.values()

    def _flat_layers(self) -> Iterator[Layer]:
        """This layer and all layers inside it, each once."""
        seen: set[int] = set()
        stack: list[Any] = [self]
        while stack:
            layer = stack.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            yield layer
            stack.extend(reversed(list(layer._sublayers())))

    def _held_variables(self) -> list[Variable]:
        """This layer's own variables: trainable ones first, as in Keras's files."""
        attributes = (leaf for value in vars(self).values() for leaf in _leaves(value, Variable))
        own = list({id(v): v for v in (*self._own_variables, *attributes)}.values())
        return [v for v in own if v.trainable] + [v for v in own if not v.trainable]

    @property
    def weights(self) -> list[Variable]:
        """All variables of this layer and of those inside it."""
        found: dict[int, Variable] = {id(v): v for v in self._held_variables()}
        for layer in self._sublayers():
            found.update((id(v), v) for v in layer.weights)
        return list(found.values())

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that `fit` changes."""
        if not self.trainable:
            return []
        found: dict[int, Variable] = {id(v): v for v in self._held_variables() if v.trainable}
        for layer in self._sublayers():
            found.update((id(v), v) for v in layer.trainable_weights)
        return list(found.values())

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that `fit` leaves alone (moving statistics, frozen layers)."""
        trainable = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._sublayers():
            layer.trainable = value

    def get_weights(self) -> list[Array]:
        """Copies of all variables' values."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Overwrite all variables, in the order of `get_weights()`.

        Raises:
            ValueError: when number or shapes differ; the message lists every difference.
        """
        variables = self.weights
        shapes = [tuple(np.shape(w)) for w in weights]
        if len(shapes) != len(variables) or any(v.shape != s for v, s in zip(variables, shapes, strict=True)):
            expected = ", ".join(f"{v.path} {v.shape}" for v in variables)
            raise ValueError(
                f"{self.name}: expected {len(variables)} arrays: {expected}. "
                f"Received {len(shapes)} arrays of shapes: {', '.join(map(str, shapes))}"
            )
        for variable, value in zip(variables, weights, strict=True):
            variable.array[...] = value

    def save_own_variables(self, store: Any) -> None:
        """Put the layer's own variables (not those of layers inside it) into a dict-like `store`."""
        store.update({str(number): v.array for number, v in enumerate(self._held_variables())})

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            ValueError: when number or shapes differ.
        """
        variables = self._held_variables()
        if len(store) != len(variables):
            raise ValueError(f"{self.name}: expected {len(variables)} own variables. Received: {len(store)}")
        for number, variable in enumerate(variables):
            variable.assign(store[str(number)])

    def count_params(self) -> int:
        """The number of values in all variables.

        Raises:
            ValueError: when the layer has not been built.
        """
        if not self.built and not self.weights:
            raise ValueError(f"{self.name} has no weights yet: call it on data or `build(input_shape)` first")
        return sum(v.array.size for v in self.weights)


_NOT_TRACKED = {"_added_losses", "_inbound_nodes", "_own_variables", "_graph"}


def _leaves(value: Any, kind: type) -> Iterator[Any]:
    """The objects of a class in nested lists, tuples and dicts."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item, kind)
