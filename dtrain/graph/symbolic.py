"""The graph of a Functional model: symbolic tensors, and nodes that each stand for one call of an operation.

A node is one *call*, not the operation: an operation that is called twice (a shared layer) has two nodes. Ops inside
an operation are not recorded here; they are traced when the model runs, with the batch's real shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .nest import flatten, map_structure
from .operators import TensorOperators, registered
from .spec import DividedRows, Spec
from .tensor import Tensor
from .trace import Trace, tracing

SymbolicShape = tuple[int | None, ...]
P = ParamSpec("P")
R = TypeVar("R")

# Stand-ins for an unknown length. Two traces with different ones tell which lengths of a result are unknown.
_FIRST, _SECOND = 6, 10


class KerasTensor(TensorOperators):
    """A value of a Functional model: its shape, with None for lengths that are not known yet, and where it comes from.

    `_keras_history` is `(operation, node_index, tensor_index)`: output number `tensor_index` of the operation's call
    number `node_index`.
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        self.shape: SymbolicShape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.sparse = sparse
        self.ragged = ragged
        self.name = name or "keras_tensor"
        self.node: Node | None = None
        self._keras_history: Any = None
        self._keras_mask: Any = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise ValueError(
            f"The symbolic tensor {self.name!r} has no value: it describes a place in a model. "
            "Call the model on arrays, or use dtrain.ops instead of NumPy functions."
        )

    def __bool__(self) -> bool:
        raise TypeError(f"The symbolic tensor {self.name!r} has no truth value; use dtrain.ops.where")

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"The symbolic tensor {self.name!r} has no known length")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


@dataclass(eq=False)
class Node:
    """One call: `operation(*args, **kwargs) -> outputs` (a tensor or a structure of tensors)."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: Any
    input_tensors: list[KerasTensor] = field(default_factory=list)
    output_tensors: list[KerasTensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.input_tensors = [t for t in flatten((self.args, self.kwargs)) if isinstance(t, KerasTensor)]
        self.output_tensors = [t for t in flatten(self.outputs) if isinstance(t, KerasTensor)]
        nodes = self.operation._inbound_nodes
        for index, tensor in enumerate(self.output_tensors):
            tensor.node = self
            tensor._keras_history = (self.operation, len(nodes), index)
        nodes.append(self)

    def rerun(self, values: dict[int, Any]) -> Any:
        """Call the operation again with other values in place of the symbolic inputs (by their `id`)."""

        def value(leaf: Any) -> Any:
            return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

        return self.operation(*map_structure(value, self.args), **map_structure(value, self.kwargs))


class OpCall:
    """A function of `dtrain.ops` called on symbolic tensors: an operation without state."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


_operations: set[Callable[..., Any]] = set()


def is_symbolic(*values: Any) -> bool:
    """Whether a KerasTensor is among the values (or in a list or tuple among them)."""
    for value in values:
        if isinstance(value, KerasTensor):
            return True
        if isinstance(value, (list, tuple)) and is_symbolic(*value):
            return True
        if isinstance(value, dict) and is_symbolic(*value.values()):
            return True
    return False


def symbolic(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function of ops be called on symbolic tensors too: the call becomes a node of the Functional graph.

    Where it cannot work on rows of the batch that are divided among processes, it gets them whole.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_symbolic(*args, *kwargs.values()):
            try:
                return function(*args, **kwargs)
            except DividedRows as refused:
                return registered("call_gathered")(function, args, kwargs, refused)  # type: ignore[no-any-return]
        outputs = infer(function, args, kwargs)
        Node(OpCall(wrapper), args, kwargs, outputs)
        return outputs  # type: ignore[no-any-return]

    _operations.add(wrapper)
    return wrapper


def is_operation(function: Callable[..., Any]) -> bool:
    """Whether calls of a function on symbolic tensors become nodes: `symbolic` has made it."""
    return function in _operations


def infer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The symbolic outputs of `function` on symbolic arguments: traced twice, with two lengths for every None."""
    first = _trace_outputs(function, args, kwargs, _FIRST)
    unknown = any(None in t.shape for t in flatten((args, kwargs)) if isinstance(t, KerasTensor))
    second = _trace_outputs(function, args, kwargs, _SECOND) if unknown else first

    twins = iter(flatten(second))

    def merge(leaf: Any) -> Any:
        twin = next(twins)
        if not isinstance(leaf, Tensor):
            return leaf
        shape = tuple(int(a) if a == b else None for a, b in zip(leaf.spec.shape, twin.spec.shape, strict=True))
        tensor = KerasTensor(shape, leaf.dtype)
        if leaf._keras_mask is not None:
            mask = leaf._keras_mask.spec
            same = mask.shape == leaf.spec.shape[: mask.ndim]
            tensor._keras_mask = KerasTensor(shape[: mask.ndim] if same else mask.shape, "bool")
        return tensor

    return map_structure(merge, first)


def _trace_outputs(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], length: int) -> Any:
    trace = Trace(rows=length, total_rows=length, symbolic=True)

    def stand_in(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        tensor = _stand_in(trace, leaf, length)
        if leaf._keras_mask is not None:
            tensor._keras_mask = _stand_in(trace, leaf._keras_mask, length)
        return tensor

    with tracing(trace):
        return function(*map_structure(stand_in, args), **map_structure(stand_in, kwargs))


def _stand_in(trace: Trace, tensor: KerasTensor, length: int) -> Tensor:
    # Unknown lengths other than the batch's differ from it, so that a model that mixes them up is found out.
    shape = tuple(
        (length if axis == 0 else length + 1 + 2 * axis) if n is None else n for axis, n in enumerate(tensor.shape)
    )
    spec = Spec(shape, np.dtype(tensor.dtype))
    if tensor.shape and tensor.shape[0] is None:
        spec = replace(spec, batch=0, total=length)
    return trace.input(spec)
