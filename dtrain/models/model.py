"""The base of all models: a layer that is made of layers and can be trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dtrain.graph import Array
from dtrain.graph.nest import flatten, ordered_keys
from dtrain.graph.symbolic import KerasTensor
from dtrain.layers.constructor_config import remember_arguments
from dtrain.layers.layer import Layer
from dtrain.training.output_groups import has_groups, leaf_names
from dtrain.training.trainer import Trainer

from .function import Function
from .legacy import accept_legacy_calls
from .saveable import Saveable
from .standardize import match_inputs
from .state_tree import StateTree


@accept_legacy_calls
class Model(Saveable, Trainer, StateTree):
    """A model: `Model(inputs, outputs)` of symbolic tensors, or a subclass with its own `call`.

    Args:
        inputs: symbolic tensor from `Input` (or any intermediate one), or a list, tuple or dict of them.
        outputs: symbolic tensor, or a structure of them.
        name: of the model.
        trainable: whether `fit` changes its variables.
    """

    _graph: Function | None = None
    _checks_every_length = True

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and (args or "inputs" in kwargs or "outputs" in kwargs):
            from .functional import Functional

            return super().__new__(Functional)
        model = super().__new__(cls)
        remember_arguments(model, args, kwargs)
        return model

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        graph = _take_graph(args, kwargs)
        Layer.__init__(self, **kwargs)
        Trainer.__init__(self)
        self.supports_masking = True
        if graph is not None:
            self._set_graph(Function(*graph))

    def _set_graph(self, graph: Function) -> None:
        names: set[str] = set()
        for layer in graph.layers:
            if layer.name in names:
                raise ValueError(
                    f"Model {self.name!r}: the layer name {layer.name!r} is used by two layers; names must be unique. "
                    "Give one of them another name=..."
                )
            names.add(layer.name)
        self._graph = graph
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Run the graph between the model's inputs and outputs. Subclasses write their own."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__}: write a method `call(self, inputs, training=None)`")
        graph = self._graph
        values = match_inputs(self.name, graph.inputs, graph.input_tensors, inputs, self._checks_every_length)
        return graph.run(values)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the layers inside have put masks on the outputs already."""
        return None

    # -- layers ---------------------------------------------------------------------------------------------------

    def _sublayers(self) -> Iterator[Layer]:
        seen: set[int] = set()
        for layer in (*(self._graph.layers if self._graph else ()), *super()._sublayers()):
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model (not those inside of its layers)."""
        return list(self._sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name, or number `index` of `layers`."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"get_layer: expected a name or an index. Received: name={name!r}, index={index}")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer: {self.name} has {len(layers)} layers. Received: index={index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"get_layer: no layer named {name!r}. The layers are: {', '.join(la.name for la in layers)}")

    # -- graph ----------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, in order."""
        return list(self._need_graph("inputs").input_tensors)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, in order."""
        return list(self._need_graph("outputs").output_tensors)

    @property
    def input(self) -> Any:
        return self._need_graph("input").inputs

    @property
    def output(self) -> Any:
        return self._need_graph("output").outputs

    def _need_graph(self, what: str) -> Function:
        if self._graph is None:
            raise AttributeError(f"{self.name} has no {what}: it is not built from an Input")
        return self._graph

    @property
    def output_names(self) -> list[str]:
        """One name for each output: a dict's keys, else the names of the layers that make them.

        One in a group, as in `[a, [b, c]]`, is named after the group too: `1/b`.
        """
        graph = self._need_graph("output_names")
        if isinstance(graph.outputs, dict) and not has_groups(graph.outputs):
            return ordered_keys(graph.outputs)
        bases = [t._keras_history[0].name for t in graph.output_tensors]
        if has_groups(graph.outputs):
            bases = leaf_names(graph.outputs, lambda tensor: tensor._keras_history[0].name)
        names: list[str] = []
        for base in bases:
            repeats = sum(n == base or n.startswith(f"{base}_") for n in names)
            names.append(f"{base}_{repeats}" if base in names else base)
        return names

    def build(self, input_shape: Any) -> None:
        """Make the variables of a subclassed model for inputs of this shape (batch axis included)."""
        if self._graph is not None or input_shape is None or getattr(self, "_building", False):
            return
        self._building = True
        try:
            self.compute_output_shape(input_shape)
        finally:
            del self._building
        self.built = True

    # -- tables ---------------------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | None = None,
    ) -> None:
        """Print the layers, their output shapes and their numbers of parameters."""
        from .summary import print_summary

        print_summary(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    def count_params(self) -> int:
        """The number of values in all variables."""
        if not self.weights and not self.built:
            raise ValueError(f"{self.name} has no weights yet: call it on data or `build(input_shape)` first")
        return sum(v.array.size for v in self.weights)

    def get_weights(self) -> list[Array]:
        """Copies of all variables' values."""
        return super().get_weights()


def _take_graph(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    """Remove `inputs` and `outputs` from the constructor's arguments; None when neither is there."""
    names = dict(zip(("inputs", "outputs", "name"), args, strict=False))
    if "name" in names:
        kwargs["name"] = names.pop("name")
    for key in ("inputs", "outputs"):
        if key in kwargs:
            names[key] = kwargs.pop(key)
    if not names:
        return None
    if len(names) == 1:
        raise TypeError(f"Model: expected both `inputs` and `outputs`. Received only: {next(iter(names))}")
    for key, value in names.items():
        if not flatten(value):
            raise ValueError(f"Model: expected symbolic tensors as {key}. Received: {value!r}")
    return names["inputs"], names["outputs"]
