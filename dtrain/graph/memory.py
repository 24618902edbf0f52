"""Which bytes of one arena each array of a plan lives in, and which arrays may share them."""

from __future__ import annotations

from dataclasses import dataclass

from .plan import Plan, Ref

ALIGNMENT = 64


@dataclass
class Layout:
    """`offsets` of the arrays that lie in the arena, its size in bytes, and who shares memory with whom."""

    offsets: dict[Ref, int]
    nbytes: int
    aliases: dict[Ref, Ref]

    def owner(self, ref: Ref) -> Ref:
        while ref in self.aliases:
            ref = self.aliases[ref]
        return ref


def persistent(plan: Plan, ref: Ref) -> bool:
    """Whether the array exists outside of the arena: inputs, variables, constants, their gradients, the root's."""
    trace = plan.trace
    if ref.kind == "value":
        return ref.index in trace.variables or ref.index in trace.constants or ref.index in trace.inputs
    return ref.kind == "gradient" and (ref.index in trace.variables or ref.index == plan.root)


def lay_out(plan: Plan) -> Layout:
    """Give every array a place: its own for as long as somebody reads it, or that of one that it may overwrite."""
    layout = Layout({}, 0, dict(plan.aliases))
    first, last = _lifetimes(plan, layout)
    for position, instruction in enumerate(plan.instructions):
        for written, read in instruction.in_place:
            source, target = layout.owner(read), layout.owner(written)
            free = source != target and not persistent(plan, source) and not persistent(plan, target)
            a, b = plan.specs[source], plan.specs[target]
            same = a.nbytes == b.nbytes and a.dtype == b.dtype
            if free and same and last[source] == position and first[target] == position:
                layout.aliases[target] = source
                last[source] = max(last[source], last.pop(target))
                first.pop(target)
    _assign_offsets(plan, layout, first, last)
    return layout


def _lifetimes(plan: Plan, layout: Layout) -> tuple[dict[Ref, int], dict[Ref, int]]:
    """The first and last instruction that touches each array (all its views together)."""
    first: dict[Ref, int] = {}
    last: dict[Ref, int] = {}
    for position, instruction in enumerate(plan.instructions):
        for ref in instruction.references():
            owner = layout.owner(ref)
            first.setdefault(owner, position)
            last[owner] = position
    end = len(plan.instructions)
    for index in [*plan.results, *(index for _, index in plan.updates)]:
        owner = layout.owner(plan.value(index))
        first.setdefault(owner, 0)
        last[owner] = end
    return first, last


def _assign_offsets(plan: Plan, layout: Layout, first: dict[Ref, int], last: dict[Ref, int]) -> None:
    """Largest first, each at the lowest offset that is free during its whole life."""
    placed: list[tuple[int, int, Ref]] = []  # (start, stop, ref), sorted by start
    arrays = [ref for ref in first if not persistent(plan, ref)]
    for ref in sorted(arrays, key=lambda r: (-plan.specs[r].nbytes, first[r])):
        size = -(-plan.specs[ref].nbytes // ALIGNMENT) * ALIGNMENT
        start = 0
        for other_start, other_stop, other in placed:
            if first[other] > last[ref] or last[other] < first[ref]:
                continue
            if start + size <= other_start:
                break
            start = max(start, other_stop)
        layout.offsets[ref] = start
        layout.nbytes = max(layout.nbytes, start + size)
        placed.append((start, start + size, ref))
        placed.sort(key=lambda p: p[0])
