"""Micro-shards of a batch, run by the programs of their own, in step from one sum over all of them to the next.

A micro-shard is treated as the rows of a process of its own: it has a plan for its number of rows, a context that
names it, memory, gradients, and its own parts of sums. So all that an op computes for it, matrix products and sums over
rows included, is computed by the same calls on arrays of the same shapes whoever runs it, and only sums over
processes (`Op.collective`), gradients and parts of sums bring micro-shards together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from .context import StepContext
from .nodes import Tell, TimedCalls, nodes_of
from .parameters import Parameters
from .plan import Plan, Ref
from .program import Arena, Program
from .spec import Array

Add = Callable[[Sequence[Array]], None]


class ShardProgram(Program):
    """The program of one micro-shard, to be run segment by segment; each but the last ends with a collective op.

    Args:
        parts: by `id`, the arrays that stand for variables of which every micro-shard has its own part.
        gradients: flat, in place of `parameters.gradients`.
    """

    def __init__(
        self,
        plan: Plan,
        arena: Arena,
        context: StepContext,
        parts: Mapping[int, Array],
        parameters: Parameters | None,
        gradients: Array | None,
    ) -> None:
        self._parts = parts
        self._gradients = gradients
        super().__init__(plan, arena, context, parameters)
        ends = [k + 1 for k, instruction in enumerate(plan.instructions) if instruction.collective]
        self._edges = list(pairwise([0, *ends, len(plan.instructions)]))
        self.segments = [[step for calls in self._calls[start:stop] for step in calls] for start, stop in self._edges]

    def run_segment(self, number: int, tell: Tell | None) -> None:
        if tell is not None:
            self._timed_segments[number].run(tell)
            return
        for function, arguments in self.segments[number]:
            function(*arguments)

    @cached_property
    def _timed_segments(self) -> list[TimedCalls]:
        nodes = nodes_of(self.plan)
        return [TimedCalls(nodes[start:stop], self._calls[start:stop]) for start, stop in self._edges]

    def update_parts(self) -> None:
        """Give the parts of sums their new values."""
        for variable, value in self._updates:
            if id(variable) in self._parts:
                self._parts[id(variable)][...] = value

    def update_common(self) -> None:
        """Give the variables that are the same for all micro-shards their new values."""
        for variable, value in self._updates:
            if id(variable) not in self._parts:
                variable.array[...] = value

    def _outside(self, ref: Ref) -> Array:
        variable = self.plan.trace.variables.get(ref.index)
        if variable is not None and ref.kind == "value" and id(variable) in self._parts:
            return self._parts[id(variable)]
        if variable is None or ref.kind != "gradient" or self._parameters is None or self._gradients is None:
            return super()._outside(ref)
        return self._gradients[self._parameters.slice_of(variable)].reshape(variable.shape)


class ShardedProgram:
    """The programs of the micro-shards that this process holds.

    Copy the rows of micro-shard k into `inputs[k]`, call `run(first_rows)`, read `results`: of values that have rows,
    those of all micro-shards one after the other, else one value for each micro-shard. The gradients of micro-shard k
    are in row k of `gradients`.

    Args:
        plans: of each micro-shard of this process; those of equal numbers of rows may be the same.
        arenas: one for each micro-shard; without collective ops the first one serves them all.
        context: of the process; each micro-shard gets one like it that names the micro-shard in place of the process.
        first, count: number of the first of these micro-shards, and of all micro-shards of all processes.
        add: overwrites arrays, one for each micro-shard of this process, by their sum over all micro-shards.
        parts: for each micro-shard, by the `id` of a variable, its own part of a sum that the variable stands for.
        parameters: the trainable variables (None for plans without a root).
        gradients: shape (micro-shards of this process, len(parameters.gradients)).

    Raises:
        ValueError: the plans have different operations, so that they cannot run in step.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        arenas: Sequence[Arena],
        context: StepContext,
        first: int,
        count: int,
        add: Add,
        parts: Sequence[Mapping[int, Array]],
        parameters: Parameters | None = None,
        gradients: Array | None = None,
    ) -> None:
        _check_alike(plans)
        self._context = context
        self._add = add
        self._summed: list[Array] = []
        apart = any(instruction.collective for instruction in plans[0].instructions)
        self._programs = [
            ShardProgram(
                plan,
                arenas[k if apart else 0],
                replace(context, rank=first + k, size=count, all_sum=self._summed.append, on_ready=None),
                parts[k],
                parameters,
                None if gradients is None else gradients[k],
            )
            for k, plan in enumerate(plans)
        ]
        self.inputs = [program.inputs for program in self._programs]
        self.results, self._copies = _join([program.results for program in self._programs], plans[0])

    def run(self, first_rows: Sequence[int], tell: Tell | None = None) -> None:
        """Run all micro-shards; `first_rows` are the places of their first rows in the global batch.

        `tell` is told how long each instruction took, of one micro-shard's run from sum to sum after the other.
        """
        for program, first_row in zip(self._programs, first_rows, strict=True):
            own, common = program.context, self._context
            own.seed, own.epoch, own.step, own.first_row = common.seed, common.epoch, common.step, first_row
        self._summed.clear()
        last = len(self._programs[0].segments) - 1
        with np.errstate(all="ignore"):
            for number in range(last):
                for program in self._programs:
                    program.run_segment(number, tell)
                self._add(self._summed)
                self._summed.clear()
            for program, copies in zip(self._programs, self._copies, strict=True):
                program.run_segment(last, tell)
                program.update_parts()
                for target, source in copies:
                    np.copyto(target, source)
        # Only now: micro-shards that run later must find the old values. The last one's memory is still untouched.
        self._programs[-1].update_common()


def _check_alike(plans: Sequence[Plan]) -> None:
    first, *others = ([instruction.label for instruction in plan.instructions] for plan in plans)
    for labels in others:
        if labels != first:
            place = next((k for k, (a, b) in enumerate(zip(first, labels, strict=False)) if a != b), -1)
            raise ValueError(
                "The model makes other operations for other numbers of rows, so its micro-shards cannot run in step: "
                f"operation {place} is {first[place]} or {labels[place]}"
            )


def _join(results: Sequence[Sequence[Array]], plan: Plan) -> tuple[list[Array], list[list[tuple[Array, Array]]]]:
    """Arrays for the results of all programs together, and what each program has to copy where."""
    joined: list[Array] = []
    copies: list[list[tuple[Array, Array]]] = [[] for _ in results]
    for number, index in enumerate(plan.results):
        pieces = [own[number] for own in results]
        batch = plan.trace.specs[index].batch
        whole = np.stack(pieces) if batch is None else np.concatenate(pieces, batch)
        stops = np.cumsum([1 if batch is None else piece.shape[batch] for piece in pieces])
        targets = np.split(whole, stops[:-1], batch or 0)
        for own, target, piece in zip(copies, targets, pieces, strict=True):
            own.append((target[0, ...] if batch is None else target, piece))
        joined.append(whole)
    return joined, copies
