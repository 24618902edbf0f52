"""Chains of calls whose values in between nobody else reads, and one call in the place of a chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from dtrain.graph import Op, Trace
from dtrain.graph.trace import Call

from .arithmetic import Add


class Chains:
    """Which call alone reads a value."""

    def __init__(self, calls: list[Call], trace: Trace, wanted: frozenset[int]) -> None:
        self.trace = trace
        uses = Counter(index for call in calls for index in call.inputs)
        self._reader = {
            index: call for call in calls for index in call.inputs if uses[index] == 1 and index not in wanted
        }

    def next(self, call: Call, *ops: type[Op]) -> Call | None:
        """The call of one of `ops` that is the only reader of the call's output, which nobody wants."""
        reader = self._reader.get(call.outputs[0])
        return reader if reader is not None and reader.op in ops else None

    def bias(self, call: Call) -> tuple[Call, int] | None:
        """The addition of a vector along the last axis to the call's output, and the vector."""
        add = self.next(call, Add)
        if add is None:
            return None
        vector = add.inputs[1] if add.inputs[0] == call.outputs[0] else add.inputs[0]
        specs, y = self.trace.specs, self.trace.specs[call.outputs[0]]
        fits = specs[vector].shape == y.shape[-1:] and specs[vector].dtype == y.dtype and len(y.shape) > 1
        return (add, vector) if fits and specs[vector].batch is None else None


def fused_call(chain: list[Call], op: type[Op], inputs: tuple[int, ...], trace: Trace, **attributes: Any) -> Call:
    """One call in the place of a chain."""
    specs = op.specs(tuple(trace.specs[i] for i in inputs), attributes)
    return Call(op, inputs, chain[-1].outputs, attributes, specs, chain[0].scope)


def replace(calls: list[Call], chains: Iterator[tuple[list[Call], Call]]) -> list[Call]:
    """Each chain's last call becomes the fused one; the others go."""
    last: dict[int, Call] = {}
    gone: set[int] = set()
    for chain, fused in chains:
        last[id(chain[-1])] = fused
        gone.update(id(call) for call in chain[:-1])
    return [last.get(id(call), call) for call in calls if id(call) not in gone]


def extend(chain: list[Call], call: Call | None) -> Call | None:
    """Add a call, if there is one, to the chain, and return it."""
    if call is not None:
        chain.append(call)
    return call
