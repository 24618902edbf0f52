"""The graph of a Functional model between given inputs and outputs: its order, its layers, its execution."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from dtrain.graph.nest import flatten, map_structure
from dtrain.graph.symbolic import KerasTensor, Node
from dtrain.layers.layer import Layer


class Function:
    """Calls, in order, everything that lies between `inputs` and `outputs` (structures of symbolic tensors).

    Raises:
        ValueError: when an output does not depend on the given inputs alone.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self.name = name or "function"
        self.inputs = inputs
        self.outputs = outputs
        self.input_tensors: list[KerasTensor] = _symbolic(inputs, "inputs")
        self.output_tensors: list[KerasTensor] = _symbolic(outputs, "outputs")
        self._boundary = {id(t) for t in self.input_tensors}
        self._order: list[Node] = []
        self._first_seen: dict[int, int] = {}
        self._visit_all()
        self._depths = self._node_depths()
        self.nodes = sorted(self._order, key=lambda n: -self._depths[id(n)])
        self.operations = self._ordered_operations()

    def _visit_all(self) -> None:
        """Depth first from the outputs, without recursion (models may be deeper than Python's stack)."""
        done: set[int] = set()
        for output in self.output_tensors:
            stack: list[tuple[KerasTensor, bool]] = [(output, False)]
            while stack:
                tensor, expanded = stack.pop()
                node = tensor.node
                if node is None:
                    raise ValueError(f"The tensor {tensor.name!r} was not made by a layer or an Input")
                if expanded:
                    if id(node) not in done:
                        done.add(id(node))
                        self._order.append(node)
                    continue
                if id(node) in done:
                    continue
                self._first_seen.setdefault(id(node.operation), len(self._first_seen))
                stack.append((tensor, True))
                if id(tensor) in self._boundary:
                    continue
                if not node.input_tensors:
                    raise ValueError(
                        f"The output {output.name!r} depends on the input {tensor.name!r}, which is not among the "
                        f"model's inputs: {[t.name for t in self.input_tensors]}. Add it to `inputs`."
                    )
                stack.extend((t, False) for t in reversed(node.input_tensors))

    def _node_depths(self) -> dict[int, int]:
        """The longest way from each node to an output, counted in operations; a shared layer takes its deepest."""
        depths: dict[int, int] = {}
        of_operation: dict[int, int] = {}
        for node in reversed(self._order):
            depth = max(depths.get(id(node), 0), of_operation.get(id(node.operation), 0))
            depths[id(node)] = of_operation[id(node.operation)] = depth
            if any(id(t) in self._boundary for t in node.output_tensors):
                continue
            for parent in (t.node for t in node.input_tensors if t.node is not None):
                depths[id(parent)] = max(depths.get(id(parent), 0), depth + 1)
        return depths

    def _ordered_operations(self) -> list[Any]:
        """Every operation once: deepest first, then in the order in which they were met from the outputs."""
        groups: dict[int, list[Any]] = defaultdict(list)
        deepest: dict[int, int] = {}
        operations: dict[int, Any] = {}
        for node in self._order:
            if node.input_tensors and any(id(t) in self._boundary for t in node.output_tensors):
                continue  # what makes an intermediate tensor that is an input here is no part of the graph
            key = id(node.operation)
            operations[key] = node.operation
            deepest[key] = max(deepest.get(key, 0), self._depths[id(node)])
        for tensor in self.input_tensors:
            operation = tensor.node.operation if tensor.node and not tensor.node.input_tensors else None
            if operation is not None and id(operation) not in operations:
                operations[id(operation)] = operation
                deepest[id(operation)] = 0
                self._first_seen.setdefault(id(operation), len(self._first_seen))
        for key, depth in deepest.items():
            groups[depth].append(operations[key])
        return [
            operation
            for depth in sorted(groups, reverse=True)
            for operation in sorted(groups[depth], key=lambda o: self._first_seen[id(o)])
        ]

    @property
    def layers(self) -> list[Layer]:
        return [o for o in self.operations if isinstance(o, Layer)]

    def __call__(self, inputs: Any) -> Any:
        """The outputs, in their structure, for inputs in the structure of `inputs`."""
        values = flatten(inputs)
        if len(values) != len(self.input_tensors):
            raise ValueError(f"{self.name}: expected {len(self.input_tensors)} input(s). Received: {len(values)}")
        return self.run(values)

    def run(self, inputs: list[Any]) -> Any:
        """The outputs, in their structure, for input values in the order of `input_tensors`."""
        values: dict[int, Any] = {id(t): v for t, v in zip(self.input_tensors, inputs, strict=True)}
        for node in self.nodes:
            if all(id(t) in values for t in node.output_tensors):
                continue
            results = flatten(node.rerun(values))
            values.update((id(t), r) for t, r in zip(node.output_tensors, results, strict=True))
        return map_structure(lambda t: values[id(t)], self.outputs)


def _symbolic(structure: Any, what: str) -> list[KerasTensor]:
    tensors = flatten(structure)
    for tensor in tensors:
        if not isinstance(tensor, KerasTensor):
            shape = f" of shape {tensor.shape}" if hasattr(tensor, "shape") else f" {tensor!r}"
            raise ValueError(
                f"Model: expected symbolic tensors, from Input and layers, as {what}. "
                f"Received: {type(tensor).__name__}{shape}"
            )
    return tensors
