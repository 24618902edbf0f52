"""The bound programs of one compiled model: one for each kind of step and each signature of a batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from dtrain.graph import (
    Arena,
    Parameters,
    Plan,
    Program,
    Rows,
    StepContext,
    Tensor,
    Trace,
    Variable,
    apply,
    make_plan,
    scope,
    tracing,
)
from dtrain.graph.nest import flatten, map_structure, ordered_keys
from dtrain.ops.collective import Once
from dtrain.ops.fusion import forward_rewrites, rewrites
from dtrain.timeline.runs import listener

from .data import Batch
from .micro_shards import MicroShards, Planned, ShardedStep
from .objective import Objective, Part
from .output_groups import has_groups, leaf_names
from .output_rows import separated
from .scoreboard import Scoreboard
from .trainable import TrainableFlags

Model = Any


@dataclass
class Step:
    """A program with what its results mean: `part_names` of losses, or the structure of outputs with their rows."""

    program: Program
    part_names: list[str]
    outputs: Any

    def __post_init__(self) -> None:
        self._places = [(v, v.array) for v in self.program.plan.trace.variables.values()]
        self.assigned = [variable for variable, _ in self.program.plan.updates]

    def is_bound(self) -> bool:
        """Whether all variables lie where they lay when the program was made."""
        return all(v.array.ctypes.data == array.ctypes.data for v, array in self._places)

    def run(self, batch: Batch) -> list[Any]:
        """Run on a batch; the results are the program's own memory, valid until the next run."""
        for buffer, array in zip(self.program.inputs, batch.arrays, strict=True):
            np.copyto(buffer, array, casting="same_kind")
        context = self.program.context
        context.first_row = batch.first_row
        self.program.run(listener())
        return self.program.results


class ProgramCache:
    """Traces, plans and binds steps when their signature is new.

    Args:
        flags: which layers are trained.
        make_parameters: gives the trainable variables of the first training plan their memory, in the order in which
            their gradients are completed.
    """

    def __init__(
        self,
        model: Model,
        context: StepContext,
        flags: TrainableFlags,
        make_parameters: Callable[[Plan, list[Variable]], Parameters],
    ) -> None:
        self.model = model
        self.context = context
        self._flags = flags
        self._make_parameters = make_parameters
        self.parameters: Parameters | None = None
        self.arena = Arena()
        self.shards: MicroShards | None = None
        """The micro-shards that steps run in (see `reproducible` of `fit`); None: each process's rows in one piece."""
        self._steps: dict[Any, Step | ShardedStep] = {}
        self._moves = -1

    def forget(self) -> None:
        """Drop all steps: what they are bound to is replaced."""
        self._steps.clear()

    def train(self, batch: Batch, objective: Objective, board: Scoreboard) -> Step | ShardedStep:
        """The step that computes losses, metrics and the gradients of all trainable variables."""

        def plan(rows: Batch) -> Planned:
            with self._flags.in_force():
                planned = self._plan_train(rows, objective, board)
            self._flags.warn_of_changes(self.model)
            return planned

        return self._get("train", batch, plan)

    def test(self, batch: Batch, objective: Objective, board: Scoreboard) -> Step | ShardedStep:
        """The step that computes losses and metrics."""

        def plan(rows: Batch) -> Planned:
            with self._flags.in_force():
                return self._plan_test(rows, objective, board)

        return self._get("test", batch, plan)

    def predict(self, batch: Batch) -> Step | ShardedStep:
        """The step that computes the outputs."""
        return self._get("predict", batch, self._plan_predict)

    def _get(self, kind: str, batch: Batch, plan: Callable[[Batch], Planned]) -> Step | ShardedStep:
        if Variable.moves != self._moves:
            if self.parameters is not None:
                self.parameters.adopt()
            self._steps = {key: step for key, step in self._steps.items() if step.is_bound()}
            self._moves = Variable.moves
        shards = None if self.shards is None else self.shards.count
        signature = (kind, shards, batch.rows, batch.total_rows, _signature((batch.x, batch.y, batch.sample_weight)))
        if signature not in self._steps:
            self._steps[signature] = self._bind(batch, plan)
        return self._steps[signature]

    def _bind(self, batch: Batch, plan: Callable[[Batch], Planned]) -> Step | ShardedStep:
        if self.shards is not None:
            return self.shards.step(batch, plan, lambda: self.parameters)
        planned = plan(batch)
        parameters = None if planned.plan.root is None else self.parameters
        return Step(Program(planned.plan, self.arena, self.context, parameters), planned.part_names, planned.outputs)

    def _plan_train(self, batch: Batch, objective: Objective, board: Scoreboard) -> Planned:
        trace, root, names, results, _ = self._trace_losses(batch, objective, board, training=True)
        trainable = self.model.trainable_variables
        plan = self._plan(trace, results, root, trainable)
        if self.parameters is None:
            if not trainable:
                warnings.warn(f"{self.model.name} has no trainable weights: training changes nothing", stacklevel=2)
            used = [trace.variables[index] for index in plan.ready]
            self.parameters = self._make_parameters(plan, [*used, *_unused(plan, trainable)])
            self._steps.clear()
            self._moves = Variable.moves
        return Planned(plan, names, None, board.parts)

    def _plan_test(self, batch: Batch, objective: Objective, board: Scoreboard) -> Planned:
        trace, _, names, results, _ = self._trace_losses(batch, objective, board, training=False)
        return Planned(self._plan(trace, results), names, None, board.parts)

    def _trace_losses(
        self, batch: Batch, objective: Objective, board: Scoreboard, training: bool
    ) -> tuple[Trace, int, list[str], list[int], Any]:
        trace = self._trace(batch)
        with tracing(trace):
            x, y, weight = _inputs(trace, batch, self.model.compute_dtype)
            y_pred = self.model(x, training=training)
            names = output_names(self.model, y_pred)
            parts: list[Part] = []
            with scope("loss"):
                if self.model._overrides("compute_loss"):
                    loss = self.model._own_loss(x, y, y_pred, weight, training)
                    root = apply(Once, loss)
                else:
                    root, parts = objective.trace(names, y, y_pred, weight, self.model.losses)
                y = objective.targets(names, y, y_pred)
            board.resolve(names, y, y_pred)
            board.take_extra(self.model.metrics)
            with scope("metrics"):
                board.trace(names, y, y_pred, weight)
        shown = [p for p in parts if len(parts) > 1]
        results = [root.index, *(p.value.index for p in shown)]
        return trace, root.index, ["loss", *(p.name for p in shown)], results, y_pred

    def _plan_predict(self, batch: Batch) -> Planned:
        trace = self._trace(batch)
        with tracing(trace):
            x, _, _ = _inputs(trace, batch, self.model.compute_dtype)
            parts, outputs = separated(self.model(x, training=False), Rows(batch.rows, batch.total_rows))
            flat = [_entered(trace, t) for t in parts]
        plan = self._plan(trace, [t.index for t in flat])
        return Planned(plan, [], outputs, [])

    def _plan(
        self, trace: Trace, results: Sequence[int], root: int | None = None, trainable: Sequence[Variable] = ()
    ) -> Plan:
        chosen = forward_rewrites if root is None else rewrites
        return make_plan(trace, results, root, trainable, chosen, alone=trace.pieces == 1)

    def _trace(self, batch: Batch) -> Trace:
        pieces = self.context.size if self.shards is None else self.shards.count
        return Trace(batch.rows, batch.total_rows, pieces=pieces)


def output_names(model: Model, y_pred: Any) -> list[str]:
    """One name for each output: those of a graph, the keys of a dict, else `output_0`, ..."""
    if model._graph is not None:
        return list(model.output_names)
    if isinstance(y_pred, dict) and has_groups(y_pred):
        number = count()
        return leaf_names(y_pred, lambda _: f"output_{next(number)}")
    if isinstance(y_pred, dict):
        return ordered_keys(y_pred)
    return [f"output_{k}" for k in range(len(flatten(y_pred)))]


def _inputs(trace: Trace, batch: Batch, compute_dtype: str) -> tuple[Any, Any, Any]:
    def enter(array: Any) -> Any:
        if array is None:
            return None
        # 64-bit data is narrowed to the model's dtype as it is copied; integers stay what they are.
        return trace.batch_input(array.shape[1:], compute_dtype if array.dtype == np.float64 else array.dtype)

    x, y, weight = (map_structure(enter, part) for part in (batch.x, batch.y, batch.sample_weight))
    return x, y, weight


def _entered(trace: Trace, tensor: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"The model must return tensors. Received: {type(tensor).__name__}")
    return tensor if tensor.trace is trace else trace.constant(tensor.numpy())


def _unused(plan: Plan, trainable: Sequence[Variable]) -> list[Variable]:
    """Trainable variables that the loss does not depend on: their gradient stays zero."""
    used = {id(plan.trace.variables[i]) for i in plan.ready}
    return [v for v in trainable if id(v) not in used]


def _signature(structure: Any) -> Any:
    if structure is None:
        return None
    if isinstance(structure, dict):
        return tuple((k, _signature(v)) for k, v in structure.items())
    if isinstance(structure, (list, tuple)):
        return (type(structure).__name__, *(_signature(v) for v in structure))
    return structure.shape[1:], structure.dtype.str
