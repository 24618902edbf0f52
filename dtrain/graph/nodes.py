"""The instructions of a plan as somebody reads them who wants to know where the time goes, and their timed calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .plan import Plan, Ref
from .spec import Spec

BoundCall = tuple[Callable[..., Any], Sequence[Any]]
Tell = Callable[[Sequence["PlanNode | None"], Sequence[int]], None]
"""Takes calls and times: `times[k]` to `times[k + 1]` (ns of `time.perf_counter_ns`) is call `k`, of that node, or of
none: then it is word to others that gradients are ready, and what they do about it."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanNode:
    """One instruction of a plan.

    Attributes:
        label: layer and operation: `"model/dense: DenseActivation.backward"`.
        layer: path of names of the layers around it: `"model/dense"`; `"model"` for what is in no layer.
        op: the operation, with the gradient it computes: `"DenseActivation.backward"`.
        direction: `"forward"` or `"backward"`.
        reads, writes: what the arrays are that it reads only, and that it overwrites, buffers among them.
    """

    label: str
    layer: str
    op: str
    direction: str
    reads: tuple[Spec, ...]
    writes: tuple[Spec, ...]


def nodes_of(plan: Plan) -> list[PlanNode]:
    """The instructions of a plan, in the order in which they run."""
    return [_node(plan, position) for position in range(len(plan.instructions))]


def _node(plan: Plan, position: int) -> PlanNode:
    instruction = plan.instructions[position]
    layer, _, op = instruction.label.rpartition(": ")
    written = set(instruction.writes)
    read: dict[Ref, None] = dict.fromkeys(ref for ref in instruction.references() if ref not in written)
    return PlanNode(
        label=instruction.label,
        layer=layer,
        op=op,
        direction="forward" if position < plan.forward_count else "backward",
        reads=tuple(plan.specs[ref] for ref in read),
        writes=tuple(plan.specs[ref] for ref in instruction.writes),
    )


class TimedCalls:
    """Calls with the clock read before the first and after each.

    Args:
        nodes: instructions.
        calls: those of each of these: its own, then those that tell others of gradients that are ready.
    """

    def __init__(self, nodes: Sequence[PlanNode], calls: Sequence[Sequence[BoundCall]]) -> None:
        self._nodes: list[PlanNode | None] = []
        self._steps: list[BoundCall] = [(time.perf_counter_ns, ())]
        for node, own in zip(nodes, calls, strict=True):
            for number, call in enumerate(own):
                self._nodes.append(None if number else node)
                self._steps += [call, (time.perf_counter_ns, ())]

    def run(self, tell: Tell) -> None:
        """Run the calls, then `tell` when they ran."""
        found = [function(*arguments) for function, arguments in self._steps]  # no quicker way to keep the times
        tell(self._nodes, found[::2])
