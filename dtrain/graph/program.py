"""A plan bound to memory: a list of calls on fixed arrays, run once a step without allocating any of batch size."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from .context import StepContext
from .memory import Layout, lay_out, persistent
from .nodes import BoundCall, Tell, TimedCalls, nodes_of
from .parameters import Parameters
from .plan import Argument, Plan, Ref
from .spec import Array, Shape, Spec


class Arena:
    """Memory that the programs of one model share: they run one after the other, never at the same time."""

    def __init__(self) -> None:
        self._bytes: Array = np.empty(0, np.uint8)

    def reserve(self, nbytes: int) -> Array:
        """At least `nbytes` bytes that start on a cache line, every page already touched."""
        if self._bytes.size < nbytes + 64:
            self._bytes = np.full(nbytes + 64, 0xFF, np.uint8)  # as float32 or float64: NaN
        start = -self._bytes.ctypes.data % 64
        return self._bytes[start : start + nbytes]


class Program:
    """A bound plan.

    Copy a batch into `inputs`, call `run()`, read `results`; gradients are in `parameters.gradients`.

    Args:
        plan: what to run.
        arena: where values, gradients of values and buffers lie.
        context: handed to the ops that ask for it.
        parameters: where the gradients of trainable variables go (None for a plan without a root).
        root_gradient: the gradient of the root with respect to itself.
    """

    def __init__(
        self,
        plan: Plan,
        arena: Arena,
        context: StepContext,
        parameters: Parameters | None = None,
        root_gradient: float = 1.0,
    ) -> None:
        self.plan = plan
        self.context = context
        self._parameters = parameters
        self._root_gradient = root_gradient
        layout = lay_out(plan)
        self._memory = arena.reserve(layout.nbytes)
        self._owned: dict[Ref, Array] = {}
        array = self._resolver(layout)
        self._calls = [self._bind(position, array) for position in range(len(plan.instructions))]
        self._steps = [call for calls in self._calls for call in calls]
        self.labels = [i.label for i in plan.instructions]
        self.inputs = [array(plan.value(index)) for index in plan.trace.inputs]
        self.results = [array(plan.value(index)) for index in plan.results]
        self._updates = [(variable, array(plan.value(index))) for variable, index in plan.updates]

    def run(self, tell: Tell | None = None) -> None:
        """Run all instructions, then give the assigned variables their new values. `tell` is told of the times."""
        with np.errstate(all="ignore"):  # a NaN or an infinity is a value, to be looked for where it matters
            if tell is not None:
                self._timed.run(tell)
            else:
                for function, arguments in self._steps:
                    function(*arguments)
        for variable, value in self._updates:
            variable.array[...] = value

    @cached_property
    def _timed(self) -> TimedCalls:
        return TimedCalls(nodes_of(self.plan), self._calls)

    def _resolver(self, layout: Layout) -> Callable[[Ref], Array]:
        known: dict[tuple[Ref, Shape], Array] = {}  # the same memory is the same object: ops compare by `is`

        def array(ref: Ref) -> Array:
            owner, spec = layout.owner(ref), self.plan.specs[ref]
            if (owner, spec.shape) not in known:
                memory = self._outside(owner) if persistent(self.plan, owner) else self._inside(owner, layout)
                known[owner, spec.shape] = memory if memory.shape == spec.shape else memory.reshape(spec.shape)
            return known[owner, spec.shape]

        return array

    def _inside(self, ref: Ref, layout: Layout) -> Array:
        spec: Spec = self.plan.specs[ref]
        start = layout.offsets[ref]
        return self._memory[start : start + spec.nbytes].view(spec.dtype).reshape(spec.shape)

    def _outside(self, ref: Ref) -> Array:
        trace = self.plan.trace
        if ref.kind == "value" and ref.index in trace.variables:
            return trace.variables[ref.index].array
        if ref.kind == "value" and ref.index in trace.constants:
            return trace.constants[ref.index]
        if ref.kind == "gradient" and ref.index in trace.variables and self._parameters is not None:
            return self._parameters.gradient(trace.variables[ref.index])
        if ref not in self._owned:
            spec = self.plan.specs[ref]
            fill = self._root_gradient if ref.kind == "gradient" else 0
            self._owned[ref] = np.full(spec.shape, fill, spec.dtype)
        return self._owned[ref]

    def _bind(self, position: int, array: Callable[[Ref], Array]) -> list[BoundCall]:
        instruction = self.plan.instructions[position]

        def resolve(argument: Argument) -> Any:
            if isinstance(argument, Ref):
                return array(argument)
            return None if argument is None else tuple(None if ref is None else array(ref) for ref in argument)

        function = instruction.function.bind(instruction.attributes, self.context)
        calls: list[BoundCall] = [(function, tuple(resolve(argument) for argument in instruction.arguments))]
        if instruction.completes and self._parameters is not None and self.context.on_ready is not None:
            for index in instruction.completes:
                where = self._parameters.slice_of(self.plan.trace.variables[index])
                calls.append((self.context.on_ready, (where,)))
        return calls
