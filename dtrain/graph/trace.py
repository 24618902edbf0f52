"""The record of the ops that a model calls, and the functions by which ops, variables and arrays enter it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .context import StepContext
from .division import division
from .op import Op, Specs
from .operators import registered
from .pieces import Lanes, PiecedTensor
from .spec import Array, Rows, Spec, spec_of
from .tensor import Tensor
from .variable import Variable


@dataclass(slots=True)
class Call:
    """One call of one op: indices of its operands and outputs among the values of the trace."""

    op: type[Op]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: dict[str, Any]
    specs: Specs
    scope: str = ""


@dataclass
class Trace:
    """A growing list of calls on numbered values. Values that no call makes are inputs, variables or constants.

    `rows` and `total_rows` are the rows of the batch in this process and in all processes together, `pieces` the
    number of parts (of processes or micro-shards) that these are cut into. `symbolic`: only the shapes of a symbolic
    call are wanted, the number of rows means nothing.
    """

    rows: int = 0
    total_rows: int = 0
    symbolic: bool = False
    pieces: int = 1
    specs: list[Spec] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    variables: dict[int, Variable] = field(default_factory=dict)
    constants: dict[int, Array] = field(default_factory=dict)
    assigned: dict[int, tuple[Variable, Tensor]] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=list)
    draws: int = 0
    gathered: dict[int, Tensor] = field(default_factory=dict)
    """By the number of a value whose rows are divided, all its rows."""
    _reads: dict[int, Tensor] = field(default_factory=dict)

    def new(self, spec: Spec) -> Tensor:
        self.specs.append(spec)
        return Tensor(spec, trace=self, index=len(self.specs) - 1)

    def input(self, spec: Spec) -> Tensor:
        """A value that is handed in at every step."""
        tensor = self.new(spec)
        self.inputs.append(tensor.index)
        return tensor

    def batch_input(self, shape: Sequence[int], dtype: Any) -> Tensor:
        """An input whose first axis holds this process's rows of the batch."""
        return self.input(Spec((self.rows, *shape), np.dtype(dtype), batch=0, total=self.total_rows))

    def constant(self, array: Array) -> Tensor:
        """A value that is known already, and the same in every step."""
        self.specs.append(spec_of(array))
        tensor = Tensor(self.specs[-1], array, self, len(self.specs) - 1)
        self.constants[tensor.index] = array
        return tensor

    def read(self, variable: Variable) -> Tensor:
        """The variable's present value in the trace: what was assigned last, else what it holds before the step."""
        key = id(variable)
        if key in self.assigned:
            return self.assigned[key][1]
        if key not in self._reads:
            tensor = self.new(variable.spec)
            self.variables[tensor.index] = variable
            self._reads[key] = tensor
        return self._reads[key]

    def assign(self, variable: Variable, value: Tensor) -> None:
        self.assigned[id(variable)] = (variable, value)

    def call(self, op: type[Op], inputs: tuple[Tensor, ...], attributes: dict[str, Any]) -> tuple[Tensor, ...]:
        specs = op.specs(tuple(t.spec for t in inputs), attributes)
        outputs = tuple(self.new(specs[name]) for name in op.outputs)
        scope = "/".join(self.scopes)
        operands = tuple(t.index for t in inputs)
        self.calls.append(Call(op, operands, tuple(t.index for t in outputs), attributes, specs, scope))
        return outputs


class Recorder(Protocol):
    """Who wants to know of the ops that run at once."""

    def read(self, variable: Variable) -> Tensor:
        """The variable as an operand that the recorder will know again."""

    def has_read(self, variable: Variable, tensor: Tensor) -> None:
        """Another recorder has read the variable, as this operand."""

    def ran(
        self,
        op: type[Op],
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        attributes: dict[str, Any],
        values: list[dict[str, Any]],
    ) -> None:
        """An op has run; `values` are its arrays by name, in each lane."""


def _lanes_of(context: StepContext) -> Lanes:
    def total(arrays: Sequence[Array]) -> Array:
        whole = np.array(arrays[0], order="C")
        context.all_sum(whole)
        return whole

    return Lanes([context], total)


class _State(threading.local):
    def __init__(self) -> None:
        self.trace: Trace | None = None
        self.lanes = _lanes_of(StepContext())  # of ops that run at once
        self.draws = 0  # of random numbers by such ops
        self.in_step = False  # whether they are those of a step
        self.recorders: list[Recorder] = []


_state = _State()


def current_trace() -> Trace | None:
    return _state.trace


@contextmanager
def tracing(trace: Trace | None) -> Iterator[None]:
    """Record the ops called in this block into `trace` (None: run them at once)."""
    outer, _state.trace = _state.trace, trace
    cut, division.pieces = division.pieces, _state.lanes.contexts[0].size if trace is None else trace.pieces
    try:
        yield
    finally:
        _state.trace, division.pieces = outer, cut


@contextmanager
def running(context: StepContext | Lanes) -> Iterator[None]:
    """Run the ops called in this block at once, as those of one step: its seed and position, its processes."""
    lanes = context if isinstance(context, Lanes) else _lanes_of(context)
    outer = (_state.trace, _state.lanes, _state.draws, _state.in_step)
    _state.trace, _state.lanes, _state.draws, _state.in_step = None, lanes, 0, True
    cut, division.pieces = division.pieces, lanes.contexts[0].size
    try:
        yield
    finally:
        _state.trace, _state.lanes, _state.draws, _state.in_step = outer
        division.pieces = cut


def in_step() -> bool:
    """Whether the ops called now are those of a step, traced or run at once."""
    return _state.trace is not None or _state.in_step


def running_lanes() -> Lanes:
    """What the ops that run at once are run for."""
    return _state.lanes


def batch_rows() -> int:
    """The rows of the global batch of the step that is traced or run; 0 outside of steps."""
    return _state.lanes.contexts[0].total_rows if _state.trace is None else _state.trace.total_rows


def batch_pieces() -> int:
    """The parts, of processes or micro-shards, that the batch of the step is cut into; 1 outside of steps."""
    return division.pieces


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Tell `recorder` of the ops that run at once in this block."""
    _state.recorders.append(recorder)
    try:
        yield
    finally:
        _state.recorders.remove(recorder)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Name the part of the model whose ops are called in this block (for messages and profiles)."""
    trace = _state.trace
    if trace is None:
        yield
        return
    trace.scopes.append(name)
    try:
        yield
    finally:
        trace.scopes.pop()


def read(variable: Variable) -> Tensor:
    """The variable as an operand of ops."""
    if _state.trace is not None:
        return _state.trace.read(variable)
    if not _state.recorders:
        return _state.lanes.read(variable)
    outer, *others = _state.recorders
    tensor = outer.read(variable)
    for recorder in others:
        recorder.has_read(variable, tensor)
    return tensor


def value_of(variable: Variable) -> Tensor:
    """The variable's value, which later assignments do not change."""
    tensor = read(variable)
    if isinstance(tensor, PiecedTensor):
        return PiecedTensor(tensor.spec, [piece.copy() for piece in tensor.pieces])
    if tensor.array is None or _state.recorders:
        return tensor
    return Tensor(tensor.spec, tensor.array.copy())


def assign(variable: Variable, value: Any) -> None:
    """Give the variable a value: now, or when the step ends if a trace is being recorded."""
    tensor = as_tensor(value, np.dtype(variable.dtype))
    if tensor.spec.divided and variable.spec.batch is None:
        tensor = registered("all_rows")(tensor)
    if tensor.spec.shape != variable.shape:
        raise ValueError(
            f"{variable.path}: expected a value of shape {variable.shape}. Received: shape {tensor.spec.shape}"
        )
    if _state.trace is not None:
        _state.trace.assign(variable, tensor)
    elif tensor.array is not None:
        _state.lanes.assign(variable, tensor)
    else:
        raise ValueError(f"{variable.path}: expected a known value outside of a trace. Received: {tensor}")


# What Python's own numbers become when nothing else decides.
_WEAK = {"float64": np.dtype(np.float32), "int64": np.dtype(np.int32)}


def as_tensor(value: Any, dtype: np.dtype[Any] | None = None) -> Tensor:
    """`value` (tensor, variable, array, number, nested list) as an operand; `dtype` is for what has none of its own."""
    if isinstance(value, Tensor):
        return _enter(value)
    if isinstance(value, Variable):
        return read(value)
    if isinstance(value, Rows):
        value = value.total
    weak = isinstance(value, (bool, int, float, list, tuple))
    array = np.asarray(value, dtype=dtype if weak else None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"Expected numbers. Received: {value!r}")
    if weak and dtype is None:
        array = array.astype(_WEAK.get(array.dtype.name, array.dtype), copy=False)
    return _enter(Tensor(spec_of(array), array))


def _enter(tensor: Tensor) -> Tensor:
    trace = _state.trace
    if trace is None or tensor.trace is trace:
        return tensor
    if tensor.array is None:
        raise ValueError("A tensor of another trace cannot be used here: it belongs to a model call that has ended")
    return trace.constant(tensor.array)


def apply(op: type[Op], *inputs: Tensor, **attributes: Any) -> Any:
    """Call an op: record it in the current trace, or run it at once. Returns one tensor, or a tuple of several."""
    trace = _state.trace
    if trace is not None:
        outputs = trace.call(op, tuple(map(_enter, inputs)), attributes)
    else:
        outputs = _run(op, inputs, attributes)
    return outputs[0] if len(outputs) == 1 else outputs


def active_recorders() -> tuple[Recorder, ...]:
    """Who is told of the ops that run now."""
    return tuple(_state.recorders)


def draw_name() -> str:
    """A name for one random draw: its number among the draws of the trace, or of the process outside of one."""
    trace = _state.trace
    if trace is None:
        _state.draws += 1
        return f"draw{_state.draws}"
    trace.draws += 1
    return f"draw{trace.draws}"


def _run(op: type[Op], inputs: tuple[Tensor, ...], attributes: dict[str, Any]) -> tuple[Tensor, ...]:
    outputs, values = _state.lanes.run(op, inputs, attributes)
    for recorder in _state.recorders:
        recorder.ran(op, inputs, outputs, attributes, values)
    return outputs
