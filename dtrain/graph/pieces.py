"""Values in pieces: what ops that run at once compute for each micro-shard of a batch by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .context import StepContext
from .op import Op, Specs
from .spec import Array, Rows, Shape, Spec
from .tensor import Tensor
from .variable import Variable

_CACHE_LINE = 64


class PiecedTensor(Tensor):
    """A value of which each micro-shard of this process has a piece. Its spec, so its shape, is that of the first one.

    `array` joins the rows of all pieces; a value without rows is the same in all of them, or a part of a sum.
    """

    __slots__ = ("pieces",)

    def __init__(self, spec: Spec, pieces: Sequence[Array]) -> None:
        super().__init__(spec)
        self.pieces = list(pieces)

    @property
    def array(self) -> Array:
        if self._array is None:
            batch = self.spec.batch
            self._array = self.pieces[0] if batch is None else np.concatenate(self.pieces, batch)
        return self._array


class Parts(Protocol):
    """Where the parts of variables that stand for sums are (`Variable.is_part`)."""

    def of(self, variable: Variable) -> Sequence[Array]:
        """The part of each micro-shard of this process."""


class Lanes:
    """What each op that runs at once is run for, one after the other: this process's rows, or its micro-shards.

    A micro-shard is treated as the rows of a process of its own, as in `ShardedProgram`.

    Args:
        contexts: one for each lane.
        total: adds one array of each lane over all lanes of all processes, and returns the sum.
        parts: None: variables that stand for sums hold this process's part themselves.
    """

    def __init__(
        self,
        contexts: Sequence[StepContext],
        total: Callable[[Sequence[Array]], Array],
        parts: Parts | None = None,
    ) -> None:
        self._summed: list[Array] = []
        self.contexts = list(contexts)
        self.parts = parts
        self.total = total
        if parts is not None:
            self.contexts = [replace(c, all_sum=self._summed.append) for c in contexts]

    @property
    def pieced(self) -> bool:
        """Whether values are in pieces."""
        return self.parts is not None

    def complete(self) -> None:
        """Finish the sums that an op has asked for in each lane."""
        if self._summed:
            whole = self.total(self._summed)
            for array in self._summed:
                array[...] = whole
            self._summed.clear()

    def pieces(self, tensor: Tensor) -> Sequence[Array]:
        """What each lane holds of a value."""
        return tensor.pieces if isinstance(tensor, PiecedTensor) else [tensor.numpy()] * len(self.contexts)

    def read(self, variable: Variable) -> Tensor:
        """The variable as an operand."""
        if self.parts is not None and variable.is_part:
            return PiecedTensor(variable.spec, self.parts.of(variable))
        return Tensor(variable.spec, variable.array)

    def assign(self, variable: Variable, value: Tensor) -> None:
        """Overwrite the variable."""
        if self.parts is None or not variable.is_part:
            variable.array[...] = value.numpy()
            return
        for part, piece in zip(self.parts.of(variable), self.pieces(value), strict=True):
            part[...] = piece

    def whole(self, variable: Variable) -> Array:
        """The sum over all processes that a variable stands for."""
        if self.parts is not None:
            return self.total(self.parts.of(variable))
        return variable.array if self.contexts[0].size == 1 else self.total([variable.array])

    def run(
        self, op: type[Op], inputs: tuple[Tensor, ...], attributes: dict[str, Any]
    ) -> tuple[tuple[Tensor, ...], list[dict[str, Any]]]:
        """The outputs of an op, and for each lane its arrays by name."""
        if not self.pieced or _same_in_all_lanes(op, inputs, attributes):
            specs = op.specs(tuple(t.spec for t in inputs), attributes)
            arrays = [t.numpy() for t in inputs]
            values = run_forward(op, arrays, specs, attributes, self.contexts[0])
            return tuple(Tensor(specs[name], values[name]) for name in op.outputs), [values] * len(self.contexts)
        found = [self._run_lane(op, inputs, attributes, k) for k in range(len(self.contexts))]
        self.complete()
        specs, lanes = found[0][0], [values for _, values in found]
        return tuple(self._output(op, specs[name], [v[name] for v in lanes]) for name in op.outputs), lanes

    def _run_lane(
        self, op: type[Op], inputs: tuple[Tensor, ...], attributes: dict[str, Any], lane: int
    ) -> tuple[Specs, dict[str, Any]]:
        context = self.contexts[lane]
        arrays = [self.pieces(t)[lane] for t in inputs]
        own = attributes_of(attributes, context)
        specs = op.specs(tuple(replace(t.spec, shape=a.shape) for t, a in zip(inputs, arrays, strict=True)), own)
        for name in op.outputs:
            _check_rows(op, specs[name], context)
        return specs, run_forward(op, arrays, specs, own, context)

    @staticmethod
    def _output(op: type[Op], spec: Spec, pieces: list[Array]) -> Tensor:
        return Tensor(spec, pieces[0]) if op.collective else PiecedTensor(spec, pieces)


def run_forward(
    op: type[Op], arrays: Sequence[Array], specs: Specs, attributes: dict[str, Any], context: StepContext
) -> dict[str, Any]:
    """Run an op; returns operands, outputs and buffers by name."""
    if op.view:
        return {op.outputs[0]: arrays[0].reshape(specs[op.outputs[0]].shape)}
    values: dict[str, Any] = {name: empty(spec.shape, spec.dtype) for name, spec in specs.items()}
    values.update({op.operands[0]: list(arrays)} if op.variadic else dict(zip(op.operands, arrays, strict=True)))
    function = op.forward_function
    with np.errstate(all="ignore"):  # a NaN or an infinity is a value, to be looked for where it matters
        function.bind(attributes, context)(*(values[name] for name in function.arguments))
    return values


def empty(shape: Shape, dtype: Any) -> Array:
    """Memory that starts on a cache line: where it starts is not to be seen in the bits of any result."""
    nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    memory = np.empty(nbytes + _CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % _CACHE_LINE
    found: Array = memory[start : start + nbytes].view(dtype).reshape(shape)
    return found


def aligned(array: Array) -> Array:
    """A copy that starts on a cache line."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def attributes_of(attributes: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """Attributes with the number of rows of one micro-shard where they name a number of rows."""
    return {name: _own(value, context) for name, value in attributes.items()}


def _own(value: Any, context: StepContext) -> Any:
    if not context.total_rows:
        return value
    if isinstance(value, Rows):
        return Rows(_rows(value.total, context), value.total)
    if isinstance(value, Spec) and value.batch is not None:
        lengths = list(value.shape)
        lengths[value.batch] = _rows(value.total, context)
        return value.with_shape(tuple(lengths))
    return value


def _rows(total: int, context: StepContext) -> int:
    """This micro-shard's part of `total` rows: of the batch, or of a multiple of them."""
    return context.rows * total // context.total_rows


def _same_in_all_lanes(op: type[Op], inputs: tuple[Tensor, ...], attributes: dict[str, Any]) -> bool:
    own = any(isinstance(v, Rows) or (isinstance(v, Spec) and v.batch is not None) for v in attributes.values())
    pieced = own or any(isinstance(t, PiecedTensor) for t in inputs)
    return not pieced and not op.collective and "context" not in op.forward_function.keywords


def _check_rows(op: type[Op], spec: Spec, context: StepContext) -> None:
    if spec.batch is not None and spec.shape[spec.batch] != _rows(spec.total, context):
        raise ValueError(
            f"{op.__name__}: with reproducible=True the batch is cut into micro-shards, whose numbers of rows differ. "
            f"Here one of {context.rows} rows became {spec.shape[spec.batch]} of {spec.total}. Take lengths along the "
            "batch from `x.shape`, and operations that work on each row by itself"
        )
