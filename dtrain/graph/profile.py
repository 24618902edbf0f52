"""Where the time of a program goes, instruction by instruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from .nodes import PlanNode, nodes_of
from .program import Program


@dataclass(frozen=True, slots=True)
class NodeTime:
    """The times of one instruction of a program.

    Attributes:
        node: which: its `label`, `layer`, `op`, `direction`, and the specs of what it `reads` and `writes`.
        seconds: of each run.
    """

    node: PlanNode
    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The median of all runs."""
        return median(self.seconds)

    @property
    def best_s(self) -> float:
        """The fastest run."""
        return min(self.seconds)


def node_times(program: Program, runs: int, after: Callable[[], object] | None = None) -> list[NodeTime]:
    """Run a program several times on what lies in its `inputs`; the times of its instructions, in their order.

    The variables that the program assigns are given new values at each run. `after` is called after each run: what it
    touches is what the next run does not find in the caches of the processor.

    Raises:
        ValueError: `runs` is not positive.
    """
    if runs < 1:
        raise ValueError(f"node_times: runs must be positive. Received: runs={runs}")
    seconds: list[list[float]] = [[] for _ in program.plan.instructions]

    def tell(nodes: Sequence[PlanNode | None], times: Sequence[int]) -> None:
        spans = (times[k + 1] - times[k] for k, node in enumerate(nodes) if node is not None)
        for own, span in zip(seconds, spans, strict=True):
            own.append(span * 1e-9)

    for _ in range(runs):
        program.run(tell)
        if after is not None:
            after()
    return [NodeTime(node, tuple(own)) for node, own in zip(nodes_of(program.plan), seconds, strict=True)]
