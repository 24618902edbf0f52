"""The place of a layer in the graph of a Functional model: the symbolic tensors of its calls."""

from __future__ import annotations

from typing import Any

from dtrain.graph.nest import map_structure
from dtrain.graph.symbolic import Node


class GraphPlace:
    """The part of `Layer` that tells what it was called on and what came out."""

    name: str
    _inbound_nodes: list[Node]

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's only call."""
        node = self._node()
        return node.input_tensors[0] if len(node.input_tensors) == 1 else list(node.input_tensors)

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's only call."""
        return self._node().outputs

    def get_input_at(self, node_index: int) -> Any:
        """The symbolic input of call number `node_index`."""
        tensors = self._node(node_index).input_tensors
        return tensors[0] if len(tensors) == 1 else list(tensors)

    def get_output_at(self, node_index: int) -> Any:
        """The symbolic output of call number `node_index`."""
        return self._node(node_index).outputs

    @property
    def input_shape(self) -> Any:
        return map_structure(lambda t: t.shape, self.input)

    @property
    def output_shape(self) -> Any:
        return map_structure(lambda t: t.shape, self.output)

    def _node(self, index: int | None = None) -> Node:
        count = len(self._inbound_nodes)
        if count == 0:
            raise AttributeError(f"{self.name} has never been called on a symbolic tensor: it has no input or output")
        if index is None and count > 1:
            raise AttributeError(
                f"{self.name} was called {count} times: name one call by get_input_at(k) or get_output_at(k)"
            )
        if index is not None and not -count <= index < count:
            raise ValueError(f"{self.name}: expected the number of one of its {count} calls. Received: {index}")
        return self._inbound_nodes[index or 0]
