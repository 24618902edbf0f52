"""From a trace to a list of instructions: what runs, in which order, forward and backward, and who adds to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .op import Function
from .spec import Spec
from .trace import Call, Trace
from .variable import Variable

Rewrite = Callable[[list[Call], Trace, frozenset[int]], list[Call]]


@dataclass(frozen=True, slots=True)
class Ref:
    """One array of a plan. `kind` is value, gradient, partial (a contribution to be added) or buffer (of one call)."""

    kind: str
    index: int
    name: str = ""


Argument = Ref | None | tuple[Ref | None, ...]


@dataclass(slots=True)
class Instruction:
    """`function(*arguments)` with its attributes; `writes` are the references that it overwrites."""

    function: Function
    arguments: tuple[Argument, ...]
    attributes: dict[str, Any]
    writes: tuple[Ref, ...]
    label: str
    in_place: tuple[tuple[Ref, Ref], ...] = ()
    """Pairs (written, read) that may share memory when nobody reads the second one later."""
    completes: tuple[int, ...] = ()
    """Parameters (values of the trace) whose gradient is complete after this instruction."""
    collective: bool = False
    """Whether it ends with a sum over all processes."""

    def references(self) -> Iterable[Ref]:
        for argument in self.arguments:
            if isinstance(argument, Ref):
                yield argument
            elif argument is not None:
                yield from (ref for ref in argument if ref is not None)


def _add(term: Any, total: Any) -> None:
    np.add(total, term, out=total)


def _add_view(term: Any, total: Any) -> None:
    np.add(total, term.reshape(total.shape), out=total)


ADD = Function(_add, ("term", "total"), ())
ADD_VIEW = Function(_add_view, ("term", "total"), ())


@dataclass
class Plan:
    """Instructions and the arrays they use.

    `aliases` maps a reference to the one whose memory it shares (in another shape). `results` are the values wanted
    after a run, `updates` the variables that take a value of the trace when a run ends, `ready` the parameters'
    values in the order in which their gradients are completed.
    """

    trace: Trace
    instructions: list[Instruction] = field(default_factory=list)
    forward_count: int = 0
    specs: dict[Ref, Spec] = field(default_factory=dict)
    aliases: dict[Ref, Ref] = field(default_factory=dict)
    results: list[int] = field(default_factory=list)
    updates: list[tuple[Variable, int]] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    root: int | None = None

    def value(self, index: int) -> Ref:
        return self._ref(Ref("value", index), self.trace.specs[index])

    def gradient(self, index: int) -> Ref:
        return self._ref(Ref("gradient", index), self.trace.specs[index])

    def _ref(self, ref: Ref, spec: Spec) -> Ref:
        self.specs.setdefault(ref, spec)
        return ref


def make_plan(
    trace: Trace,
    results: Sequence[int],
    root: int | None = None,
    trainable: Collection[Variable] = (),
    rewrites: Sequence[Rewrite] = (),
    alone: bool = True,
) -> Plan:
    """Plan a trace.

    Args:
        results: values to be kept for the caller.
        root: the value whose gradient is taken (a number); None plans a forward pass.
        trainable: variables that want a gradient.
        rewrites: functions that replace calls by fewer, faster ones; they may not touch the wanted values.
        alone: whether one process runs, so that sums over processes are views.
    """
    plan = Plan(trace, results=list(results), root=root)
    plan.updates = [(variable, tensor.index) for variable, tensor in trace.assigned.values()]
    wanted = {*results, *(index for _, index in plan.updates)} | ({root} if root is not None else set())
    calls = _reachable(trace.calls, wanted)
    for rewrite in rewrites:
        calls = rewrite(calls, trace, frozenset(wanted))
    for number, call in enumerate(calls):
        _plan_forward(plan, number, call, alone)
    plan.forward_count = len(plan.instructions)
    if root is not None:
        chosen = {id(v) for v in trainable}
        parameters = {index for index, v in trace.variables.items() if id(v) in chosen}
        _Backward(plan, calls, parameters, alone).run(root)
    return plan


def _reachable(calls: list[Call], wanted: set[int]) -> list[Call]:
    """The calls that the wanted values depend on, in their order."""
    needed, kept = set(wanted), []
    for call in reversed(calls):
        if needed.intersection(call.outputs):
            needed.update(call.inputs)
            kept.append(call)
    return kept[::-1]


def _label(call: Call, what: str) -> str:
    return f"{call.scope or 'model'}: {what}"


def _is_view(call: Call, alone: bool) -> bool:
    return call.op.view or (call.op.collective and alone)


def _named(plan: Plan, number: int, call: Call) -> dict[str, Argument]:
    """The references that the functions of a call's op ask for by name, without gradients."""
    op = call.op
    inputs = tuple(plan.value(i) for i in call.inputs)
    named: dict[str, Argument] = {}
    if op.variadic:
        named[op.operands[0]] = inputs
    else:  # an op may have no operands
        named.update(zip(op.operands, inputs, strict=True))
    for name, index in zip(op.outputs, call.outputs, strict=True):
        named[name] = plan.value(index)
    for name in call.specs.keys() - set(op.outputs):
        named[name] = plan._ref(Ref("buffer", number, name), call.specs[name])
    return named


def _plan_forward(plan: Plan, number: int, call: Call, alone: bool) -> None:
    named = _named(plan, number, call)
    op = call.op
    if _is_view(call, alone):
        plan.aliases[plan.value(call.outputs[0])] = plan.value(call.inputs[0])
        return
    function = op.forward_function
    arguments = tuple(named[name] for name in function.arguments)
    inputs = set(op.operands)
    writes = tuple(
        ref for name, ref in named.items() if name in function.arguments and name not in inputs and isinstance(ref, Ref)
    )
    output = plan.value(call.outputs[0])
    pairs = tuple((output, ref) for name in op.in_place if isinstance(ref := named[name], Ref))
    label = _label(call, op.__name__)
    plan.instructions.append(
        Instruction(function, arguments, call.attributes, writes, label, pairs, collective=op.collective)
    )


class _Backward:
    """Walks the calls backward and appends the instructions that fill the gradients."""

    def __init__(self, plan: Plan, calls: list[Call], parameters: set[int], alone: bool) -> None:
        self.plan = plan
        self.calls = calls
        self.parameters = parameters
        self.alone = alone
        self.contributions: dict[int, int] = defaultdict(int)
        self.needs = self._needs()
        # The backward pass meets the first call that uses a value last.
        self.first_use = {v: k for k, call in reversed(list(enumerate(calls))) for v in call.inputs}

    def _needs(self) -> set[int]:
        """The values through which a gradient flows to a parameter."""
        needs = set(self.parameters)
        for call in self.calls:
            for position, index in enumerate(call.inputs):
                if index in needs and call.op.differentiable(position):
                    needs.update(o for o in call.outputs if self.plan.trace.specs[o].is_float)
        return needs

    def run(self, root: int) -> None:
        self.contributions[root] = 1
        self.plan.gradient(root)
        for number in range(len(self.calls) - 1, -1, -1):
            call = self.calls[number]
            if not any(self.contributions[o] for o in call.outputs):
                continue
            if not any(i in self.needs for i in call.inputs):
                continue
            if _is_view(call, self.alone):
                self._view(number, call)
            else:
                self._call(number, call)
        late = tuple(i for i in sorted(self.parameters) if i not in self.plan.ready)
        if late and len(self.plan.instructions) > self.plan.forward_count:
            self.plan.instructions[-1].completes += late
        self.plan.ready.extend(late)

    def _view(self, number: int, call: Call) -> None:
        source, target = call.outputs[0], call.inputs[0]
        self.contributions[target] += 1
        dy, dx = self.plan.gradient(source), self.plan.gradient(target)
        if self.contributions[target] == 1 and target not in self.parameters:
            self.plan.aliases[dx] = dy
            return
        copy = self.contributions[target] == 1
        function = Function(_copy_view, ("dy", "dx"), ()) if copy else ADD_VIEW
        self.plan.instructions.append(Instruction(function, (dy, dx), {}, (dx,), _label(call, "view")))
        self._complete(number, [target])

    def _call(self, number: int, call: Call) -> None:
        targets_of = {name: self._positions(call, name) for name in call.op.operands}
        functions = [
            (function, names)
            for function, names in call.op.gradients
            if any(call.inputs[p] in self.needs for name in names for p in targets_of[name])
        ]
        # The gradients of parameters first: their sum over the processes can start before the rest is computed.
        functions.sort(key=lambda f: not any(call.inputs[p] in self.parameters for n in f[1] for p in targets_of[n]))
        for function, names in functions:
            self._gradient(number, call, function, [(n, targets_of[n]) for n in names])

    @staticmethod
    def _positions(call: Call, name: str) -> tuple[int, ...]:
        return tuple(range(len(call.inputs))) if call.op.variadic else (call.op.operands.index(name),)

    def _gradient(
        self, number: int, call: Call, function: Function, targets: list[tuple[str, tuple[int, ...]]]
    ) -> None:
        op, plan = call.op, self.plan
        named = _named(plan, number, call)
        for name, index in zip(op.outputs, call.outputs, strict=True):
            named["d" + name] = plan.gradient(index) if self.contributions[index] else None
        adds: list[Instruction] = []
        writes: list[Ref] = []
        touched: list[int] = []
        for name, positions in targets:
            refs = tuple(self._target(call, p, adds, writes, touched) for p in positions)
            named["d" + name] = refs if op.variadic else refs[0]
        arguments = tuple(named[name] for name in function.arguments)
        buffers = {r for a in arguments if isinstance(r := a, Ref) and r.kind == "buffer"}
        pairs = []
        dy = named["d" + op.outputs[0]]
        for name in op.in_place:
            dx = named.get("d" + name)
            if isinstance(dx, Ref) and isinstance(dy, Ref) and dx in writes:
                pairs.append((dx, dy))
        label = _label(call, f"{op.__name__}.{function.call.__name__}")
        written = (*writes, *buffers)
        instruction = Instruction(
            function, arguments, call.attributes, written, label, tuple(pairs), collective=op.collective
        )
        plan.instructions.append(instruction)
        plan.instructions.extend(adds)
        self._complete(number, touched)

    def _target(
        self, call: Call, position: int, adds: list[Instruction], writes: list[Ref], touched: list[int]
    ) -> Ref | None:
        """Where one contribution goes: into the gradient itself if it is the first, else beside it, to be added."""
        index = call.inputs[position]
        if index not in self.needs:
            return None
        self.contributions[index] += 1
        touched.append(index)
        gradient = self.plan.gradient(index)
        if self.contributions[index] == 1:
            writes.append(gradient)
            return gradient
        part = self.plan._ref(Ref("partial", index, str(self.contributions[index])), self.plan.trace.specs[index])
        writes.append(part)
        adds.append(Instruction(ADD, (part, gradient), {}, (gradient,), _label(call, "add gradients")))
        return part

    def _complete(self, number: int, touched: list[int]) -> None:
        """Note the parameters that no earlier call of the forward pass uses: nothing will be added any more."""
        done = tuple(i for i in dict.fromkeys(touched) if i in self.parameters and self.first_use[i] == number)
        if done:
            self.plan.instructions[-1].completes += done
            self.plan.ready.extend(done)


def _copy_view(dy: Any, dx: Any) -> None:
    np.copyto(dx, dy.reshape(dx.shape))
