"""What a picture of a model shows: a box for each layer, and an edge for each tensor that goes from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dtrain.graph.nest import flatten
from dtrain.graph.symbolic import KerasTensor, Node
from dtrain.layers.input_layer import InputLayer
from dtrain.layers.layer import Layer

if TYPE_CHECKING:
    from dtrain.models.model import Model

_FAMILIES = {
    "activations": "activation", "attention": "attention", "convolutional": "convolution", "core": "core",
    "merging": "merging", "normalization": "normalization", "pooling": "pooling", "preprocessing": "preprocessing",
    "regularization": "regularization", "reshaping": "reshaping", "rnn": "recurrent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """What the boxes tell."""

    shapes: bool = False
    dtype: bool = False
    names: bool = True
    nested: bool = False
    activations: bool = False
    trainable: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """From output number `source_port` of one box to input number `target_port` of another."""

    source: int
    target: int
    source_port: int = 0
    target_port: int = 0


@dataclass(slots=True)
class Box:
    """A layer: title, rows of (label, value), the family that gives the colour, and what is inside a nested model."""

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    family: str = "other"
    inner: Graph | None = None


@dataclass(slots=True)
class Graph:
    """Boxes and edges; `inputs` and `outputs` are the boxes that a nested model is entered and left by."""

    boxes: list[Box]
    edges: list[Edge]
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)


def graph_of(model: Model, options: Options) -> Graph:
    """The boxes of a model's layers. A layer that is called several times is one box, or one for each call where one
    of its calls depends on another."""
    if model._graph is None:
        return _without_graph(model, options)
    for apart in (False, True):
        graph = _Reader(model, options, apart).read()
        if not _has_cycle(graph):
            break
    return graph


def _without_graph(model: Model, options: Options) -> Graph:
    """A subclassed model, whose wiring only its code knows, or a Sequential that has no shapes yet."""
    from dtrain.models.sequential import Sequential

    boxes = [_box(layer, layer.name, [], options) for layer in model.layers]
    chain = isinstance(model, Sequential)
    edges = [Edge(k, k + 1) for k in range(len(boxes) - 1)] if chain else []
    everything = list(range(len(boxes)))
    return Graph(boxes, edges, everything[:1] if chain else everything, everything[-1:] if chain else everything)


class _Reader:
    """Reads one Functional graph; with `apart`, every call of a layer has a box of its own."""

    def __init__(self, model: Model, options: Options, apart: bool) -> None:
        from dtrain.models.graph_config import operation_names

        self.graph = model._need_graph("graph")
        self.options = options
        self.apart = apart
        self.names = operation_names(self.graph.operations)
        self.boxes: list[Box] = []
        self.place: dict[tuple[int, int], int] = {}

    def read(self) -> Graph:
        starts = [self._start(tensor) for tensor in self.graph.input_tensors]
        inputs = {id(tensor): box for tensor, box in zip(self.graph.input_tensors, starts, strict=True)}
        edges: dict[tuple[int, int, int, int], Edge] = {}
        for node in self._calls():
            target = self._of(node)
            for port, tensor in enumerate(node.input_tensors):
                source, output = self._origin(tensor, inputs)
                ports = (output, port) if self._nested(source) or self._nested(target) else (0, 0)
                edges.setdefault((source, target, *ports), Edge(source, target, *ports))
        ends = [self._origin(tensor, inputs)[0] for tensor in self.graph.output_tensors]
        return Graph(self.boxes, list(edges.values()), starts, ends)

    def _calls(self) -> list[Node]:
        boundary = {id(tensor) for tensor in self.graph.input_tensors}
        return [n for n in self.graph.nodes if not all(id(tensor) in boundary for tensor in n.output_tensors)]

    def _start(self, tensor: KerasTensor) -> int:
        """The box of an input: an Input, or an intermediate tensor of another model."""
        operation = tensor._keras_history[0]
        box = Box(_title(operation, operation.name, "InputLayer", self.options), family="input")
        if self.options.shapes:
            box.rows.append(("shape", _shape(tensor)))
        if self.options.dtype:
            box.rows.append(("dtype", tensor.dtype))
        self.boxes.append(box)
        return len(self.boxes) - 1

    def _of(self, node: Node) -> int:
        operation = node.operation
        calls = [other for other in self._calls() if other.operation is operation]
        number = calls.index(node) if self.apart else 0
        key = (id(operation), number)
        if key not in self.place:
            shown = [node] if self.apart else calls
            name = self.names.get(id(operation), operation.name)
            box = _box(operation, name, shown, self.options)
            if self.apart and len(calls) > 1:
                box.rows.insert(0, ("call", f"{number + 1} of {len(calls)}"))
            self.place[key] = len(self.boxes)
            self.boxes.append(box)
        return self.place[key]

    def _origin(self, tensor: KerasTensor, inputs: dict[int, int]) -> tuple[int, int]:
        if id(tensor) in inputs:
            return inputs[id(tensor)], 0
        assert tensor.node is not None  # noqa: S101 - the graph was checked when the model was made
        return self._of(tensor.node), tensor._keras_history[2]

    def _nested(self, box: int) -> bool:
        return self.boxes[box].inner is not None


def _box(operation: Any, name: str, calls: Sequence[Node], options: Options) -> Box:
    from dtrain.models.model import Model

    kind = type(operation).__name__ if isinstance(operation, Layer) else f"ops.{operation.name}"
    inside = options.nested and isinstance(operation, Model)
    return Box(
        _title(operation, name, kind, options),
        _rows(operation, calls, options),
        _family(operation),
        graph_of(operation, options) if inside else None,
    )


def _title(operation: Any, name: str, kind: str, options: Options) -> str:
    return f"{name} ({kind})" if options.names else kind


def _family(operation: Any) -> str:
    from dtrain.models.model import Model

    if isinstance(operation, InputLayer):
        return "input"
    if isinstance(operation, Model):
        return "model"
    parts = type(operation).__module__.split(".")
    return _FAMILIES.get(parts[2], "other") if parts[:2] == ["dtrain", "layers"] else "other"


def _rows(operation: Any, calls: Sequence[Node], options: Options) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    activation = getattr(operation, "activation", None)
    if options.activations and activation is not None:
        rows.append(("activation", getattr(activation, "__name__", type(activation).__name__)))
    if options.shapes and calls:
        rows.append(("input", _shapes(node.input_tensors for node in calls)))
        rows.append(("output", _shapes(node.output_tensors for node in calls)))
    if options.dtype:
        found = {t.dtype for node in calls for t in flatten(node.outputs) if isinstance(t, KerasTensor)}
        rows.append(("dtype", ", ".join(sorted(found)) or str(getattr(operation, "dtype", "?"))))
    if options.trainable and isinstance(operation, Layer) and operation.weights:
        rows.append(("trainable", "yes" if operation.trainable else "no"))
    return rows


def _shapes(groups: Any) -> str:
    """The shapes of each call, those that are the same once."""
    return " / ".join(dict.fromkeys(", ".join(map(_shape, tensors)) for tensors in groups))


def _shape(tensor: KerasTensor) -> str:
    lengths = ", ".join("None" if n is None else str(n) for n in tensor.shape)
    return f"({lengths},)" if len(tensor.shape) == 1 else f"({lengths})"


def _has_cycle(graph: Graph) -> bool:
    waiting = [sum(e.target == k for e in graph.edges) for k in range(len(graph.boxes))]
    ready = [k for k, count in enumerate(waiting) if not count]
    done = 0
    while ready:
        box = ready.pop()
        done += 1
        for edge in graph.edges:
            if edge.source == box:
                waiting[edge.target] -= 1
                if not waiting[edge.target]:
                    ready.append(edge.target)
    return done < len(graph.boxes)
