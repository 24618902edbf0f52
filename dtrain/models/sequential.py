"""A model that is a list of layers; inside, a Functional graph as soon as the input's shape is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dtrain.graph.symbolic import KerasTensor
from dtrain.layers.input_layer import InputLayer
from dtrain.layers.layer import Layer

from .config import sequential_config, sequential_from_config
from .function import Function
from .model import Model


class Sequential(Model):
    """A plain stack of layers.

    With an `Input` (or a first layer that was given `input_shape`), the model is built at once; without, when it is
    first called or by `build(input_shape)`.

    Args:
        layers: the layers to start with.
        trainable: whether `fit` changes its variables.
        name: of the model.
    """

    _checks_every_length = False  # as in Keras: layers know best which lengths they depend on

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return Layer.__new__(cls)

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._layers: list[Layer] = []
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer (or, first, an `Input`)."""
        if isinstance(layer, KerasTensor):
            layer = layer._keras_history[0] if layer._keras_history else layer
        if not isinstance(layer, Layer):
            raise ValueError(f"Sequential: expected a layer. Received: {layer!r} (of type {type(layer).__name__})")
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(
                f"Sequential {self.name!r}: an Input can only be the first. It has {len(self._layers)} layers already"
            )
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"Sequential {self.name!r}: the layer name {layer.name!r} is used already; names must be unique. "
                "Give the layer another name=..."
            )
        declared = layer._input_shape_argument
        if not self._layers and not isinstance(layer, InputLayer):
            if declared is None and isinstance(layer, Model) and layer._graph is not None:
                declared = layer.inputs[0].shape
            if declared is not None:
                self._layers.append(InputLayer(batch_shape=declared, dtype=_input_dtype(layer)))
        self._layers.append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise ValueError(f"Sequential {self.name!r} has no layer to remove")
        layer = self._layers.pop()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        self._graph = None
        self.built = False
        self._forget_programs()
        if len(self._layers) > 1 and isinstance(self._layers[0], InputLayer):
            self._build_from(self._layers[0].output)

    def _build_from(self, tensor: Any) -> None:
        inputs = tensor
        for layer in self._layers:
            if isinstance(layer, InputLayer):
                continue
            tensor = layer(tensor)
        self._set_graph(Function(inputs, tensor))

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of this shape (batch axis included).

        Several inputs go to the first layer as they are; its variables and those of the next ones are made when the
        model is called.

        Raises:
            ValueError: for a model without layers, or with an `Input` of another shape.
        """
        if input_shape is None:
            return
        if not self._layers:
            raise ValueError(f"Sequential {self.name!r} has no layers: add some before building or calling it")
        if not isinstance(input_shape, (list, tuple)) or not all(n is None or isinstance(n, int) for n in input_shape):
            return
        if self._graph is not None:
            self._compare(tuple(input_shape))
            return
        shape = (None, *input_shape[1:])
        self._layers.insert(0, InputLayer(batch_shape=shape, dtype=_input_dtype(self._layers[0])))
        self._build_from(self._layers[0].output)

    def _compare(self, shape: tuple[int | None, ...]) -> None:
        declared = self.inputs[0].shape
        pairs = zip(declared, shape, strict=False)
        if len(shape) != len(declared) or any(None not in (a, b) and a != b for a, b in pairs):
            raise ValueError(
                f"Sequential {self.name!r} has been built for inputs of shape {declared}. Received: input_shape={shape}"
            )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The layers, one after the other."""
        if self._graph is not None:
            return super().call(inputs, training, mask)
        for layer in self._layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The layers as plain values."""
        return sequential_config(self, Layer.get_config(self))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Sequential:
        """The model that `get_config` describes, with new variables."""
        return sequential_from_config(cls, config, custom_objects)

    def _sublayers(self) -> Iterator[Layer]:
        yield from (layer for layer in self._layers if not isinstance(layer, InputLayer))

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return list(self._sublayers())


def _input_dtype(layer: Layer) -> str:
    """Integers for layers that look things up, floats for all others."""
    return getattr(layer, "input_dtype_hint", None) or layer.compute_dtype
