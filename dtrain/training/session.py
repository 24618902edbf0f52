"""One compiled model at work: its programs, its optimizer and its place among the processes of the job."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from dtrain.datasets.sampler import part_rows
from dtrain.distributed import world
from dtrain.distributed.choice import choose
from dtrain.distributed.drift import DriftCheck, check_steps
from dtrain.distributed.guard import compare
from dtrain.distributed.reduction import Reduction
from dtrain.distributed.synchronizer import Synchronizer
from dtrain.distributed.threads import one_thread
from dtrain.graph import Array, Parameters, Plan, StepContext, Variable
from dtrain.graph.nest import flatten, pack_as
from dtrain.kernels.one_thread import one_thread_kernels
from dtrain.timeline import COMPUTE, METRICS, REDUCE, UPDATE

from .data import Batch
from .eager_steps import EagerSteps
from .identity import plan_fields, run_fields, seed_fields
from .micro_shards import MicroShards, shard_count
from .nan_guard import NanGuard
from .objective import Objective
from .program_cache import ProgramCache
from .scoreboard import Scoreboard
from .trainable import TrainableFlags

Model = Any


class Session:
    """Runs single steps. Made by `compile`, dropped when the model changes."""

    def __init__(self, model: Model, optimizer: Any, arguments: dict[str, Any], flags: TrainableFlags) -> None:
        self.model = model
        self.optimizer = optimizer
        self.communicator = world()
        self.context = StepContext(
            rank=self.communicator.rank, size=self.communicator.size, all_sum=self.communicator.Allreduce
        )
        self.objective = Objective(arguments.get("loss"), arguments.get("loss_weights"))
        self.board = Scoreboard(arguments.get("metrics"), arguments.get("weighted_metrics"))
        self.cache = ProgramCache(model, self.context, flags, self._start)
        self.fits = 0
        self._agreed = False  # whether all processes are known to hold the same model
        self.rows = 0  # of all global batches so far
        self.nan_guard: NanGuard | None = None  # asked before each step is made
        self.drift = DriftCheck(self.communicator, check_steps(), self._equal_arrays, self._equal_pieces)
        self.wanted_reduction = os.environ.get("DTRAIN_REDUCTION", "auto")
        self.reduction: Reduction
        self.synchronizer: Synchronizer
        self._shards: dict[int, MicroShards] = {}
        self._eager = EagerSteps(self)

    # -- seeds ----------------------------------------------------------------------------------------------------

    def begin_fit(self) -> int:
        """The seed of the next `fit`, the same on all processes, another one for every `fit`."""
        self._take_seed()
        self.fits += 1
        return self.context.seed

    def _take_seed(self) -> None:
        from dtrain.random.seed import adopt_global_seed, global_seed

        compare(self.communicator, seed_fields())
        seed = self.communicator.bcast(global_seed())
        adopt_global_seed(seed)  # weights that are made later begin with the same values everywhere
        self.context.seed = seed + self.fits

    # -- reproducible mode ------------------------------------------------------------------------------------------

    @property
    def shards(self) -> int | None:
        """The micro-shards that batches are cut into; None outside of `reproducible`."""
        return None if self.cache.shards is None else self.cache.shards.count

    @property
    def pieces(self) -> tuple[int, int, int]:
        """What each batch is cut into: this process's first piece, one past its last, and the number of all."""
        if self.cache.shards is None:
            return self.communicator.rank, self.communicator.rank + 1, self.communicator.size
        return self.cache.shards.first, self.cache.shards.stop, self.cache.shards.count

    @contextmanager
    def reproducible(self, wanted: bool | int) -> Iterator[None]:
        """Within the block, the bits of steps do not depend on the number of processes (False: changes nothing).

        Raises:
            ValueError: `wanted` is no positive number, or less than the processes.
        """
        count = shard_count(wanted, self.communicator.size)
        if count is None:
            yield
            return
        self._refuse_row_states()
        before = self.cache.shards
        if count not in self._shards:
            self._shards[count] = MicroShards(self.communicator, self.context, count)
        shards = self._shards[count]
        with one_thread(), one_thread_kernels():
            self._divide(shards)
            try:
                yield
            finally:
                self._divide(before)

    def _refuse_row_states(self) -> None:
        for layer in self.model._flat_layers():
            if getattr(layer, "stateful", False):
                raise ValueError(
                    f"{layer.name}: a layer with stateful=True keeps the states of this process's rows in one piece, "
                    "and reproducible=True cuts them into micro-shards. Use one or the other"
                )

    def _divide(self, shards: MicroShards | None) -> None:
        self.cache.shards = shards
        self.board.divide(shards)

    def _sum_gradients(self) -> int | None:
        """Sum over all ranks; returns the place of the first of this rank's gradients that is no number, if watched."""
        shards, parameters = self.cache.shards, self.cache.parameters
        if shards is None or parameters is None:
            self.synchronizer.finish()
            return self.synchronizer.take_not_finite()
        place = None if self.nan_guard is None else shards.not_finite(parameters.gradients)
        shards.sum_gradients(parameters.gradients)
        return place

    def _may_hold(self) -> bool:
        """Whether gradients that are only added up can stay on their ranks until the step that uses them."""
        alone = self.communicator.size == 1 or self.cache.shards is not None
        return not alone and self.optimizer.can_hold and (self.nan_guard is None or self.nan_guard.can_wait)

    def settle(self) -> None:
        """Bring gradients that ranks have held back into the optimizer's state, to be whole. All ranks call it."""
        parameters = self.cache.parameters
        if parameters is None or not self.synchronizer.held:
            return
        self.synchronizer.holding = False
        self.synchronizer.sum_held()
        self.optimizer.accumulate(parameters, self.synchronizer.region)
        self.synchronizer.publish()

    def forget_held(self) -> None:
        """Drop gradients that ranks have held back: the optimizer's state is about to be another one."""
        if self.cache.parameters is not None:
            self.synchronizer.held = False

    # -- steps ----------------------------------------------------------------------------------------------------

    def train_step(self, batch: Batch) -> None:
        """Gradients of this rank's rows, their sum over all ranks, one update of the weights."""
        if self._eager.handles("train_step"):
            self._run_eagerly("train_step", batch)
            return
        step = self.cache.train(batch, self.objective, self.board)
        self.context.step = self.optimizer.step_count
        if self.nan_guard is not None:
            self.nan_guard.before_step(step.assigned)
        held = self.synchronizer.holding = self._may_hold()
        with COMPUTE:
            results = step.run(batch)
        with REDUCE:
            place = self._sum_gradients()
        self.rows += batch.total_rows
        if self.nan_guard is not None and not self.nan_guard.accepts(float(results[0].sum()), place, batch, held):
            return
        with UPDATE:
            self.optimizer.step(self.cache.parameters, self.synchronizer.region, held)
            if not held:
                self.synchronizer.publish()
        self.board.add(step.part_names, results, batch.total_rows)
        self.drift.after_step(self.optimizer.step_count)

    def test_step(self, batch: Batch) -> None:
        """Losses and metrics of this rank's rows."""
        if self._eager.handles("test_step"):
            self._run_eagerly("test_step", batch)
            return
        step = self.cache.test(batch, self.objective, self.board)
        self._agree()
        with COMPUTE:
            results = step.run(batch)
        self.board.add(step.part_names, results, batch.total_rows)
        self.rows += batch.total_rows

    def predict_step(self, batch: Batch) -> Any:
        """The outputs of the whole global batch, on every rank."""
        if self._eager.handles("predict_step"):
            self._agree()
            structure = self._eager.outputs(batch)
            local = flatten(structure)
        else:
            step = self.cache.predict(batch)
            self._agree()
            with COMPUTE:
                local, structure = step.run(batch), step.outputs
        self.rows += batch.total_rows
        counts = self._row_counts(batch)
        whole: list[Array] = [self.communicator.Allgather_rows(a, counts) for a in local]
        return pack_as(structure, (a.copy() for a in whole))

    def _run_eagerly(self, method: str, batch: Batch) -> None:
        """A step that the model has written anew."""
        if self.shards is not None:
            name = type(self.model).__name__
            raise ValueError(f"reproducible=True needs steps that can be planned: {name} has a {method} of its own")
        self._agree()
        self.context.step = self.optimizer.step_count
        with COMPUTE:
            self._eager.update(method, batch)
        self.rows += batch.total_rows
        if method == "train_step":
            self.drift.after_step(self.optimizer.step_count)

    def logs(self) -> dict[str, Any]:
        """Loss and metrics of the epoch so far, of all ranks together. Every rank must call it."""
        own = self._eager.logs()
        if own is not None:
            return own
        with METRICS:
            return self.board.logs(self.communicator)

    def reset_logs(self) -> None:
        """Start an epoch."""
        self._eager.forget()
        self.board.reset()
        self.model._loss_tracker().reset_state()

    def _row_counts(self, batch: Batch) -> list[int]:
        size = self.communicator.size
        ranges = (part_rows(batch.total_rows, rank, size, self.shards) for rank in range(size))
        return [stop - start for start, stop in ranges]

    # -- start ----------------------------------------------------------------------------------------------------

    def _start(self, plan: Plan, variables: list[Variable]) -> Parameters:
        """Before the first step: all ranks run the same plan, with rank 0's values, in memory that they may share."""
        self.optimizer.build(self.model.trainable_variables)  # files number its state in the model's order
        if not self.fits:
            self._take_seed()
        compare(self.communicator, run_fields(self.model, self.optimizer) | plan_fields(plan, variables))
        self.broadcast()  # ranks that share weights must write the same first values
        self._agreed = True

        def gradients(count: int, dtype: str) -> Array:
            shardable = self.optimizer.shardable
            self.reduction = choose(self.communicator, count, dtype, shardable, self.wanted_reduction)
            return self.reduction.own_gradients

        def values(count: int, dtype: str) -> Array:
            return self.reduction.values(count, dtype)

        parameters = Parameters(variables, gradients, values)
        self.optimizer.attach(parameters)
        self.synchronizer = Synchronizer(self.communicator, self.reduction)
        self.synchronizer.watching = self.nan_guard is not None
        self.context.on_ready = self.synchronizer.listener
        return parameters

    def broadcast(self) -> None:
        """Overwrite weights, statistics and the optimizer's state of all ranks by those of rank 0."""
        state = [] if self.optimizer is None else self.optimizer.variables
        for variable in [*self.model.weights, *state]:
            self.communicator.Bcast(variable.array)

    # -- what must be equal on all ranks ----------------------------------------------------------------------------

    def watch(self, guard: NanGuard | None) -> None:
        """From now on ask `guard` before each step is made; None: nobody."""
        self.nan_guard = guard
        if self.cache.parameters is not None:
            self.synchronizer.watching = guard is not None

    def _equal_arrays(self) -> dict[str, Array]:
        """By name, all that ranks have copies of: weights, statistics, counters of the optimizer, its rate."""
        arrays = {f"{k} {v.path}": v.array for k, v in enumerate(self.model.weights)}
        if self.optimizer is not None:
            arrays["learning rate of the optimizer"] = np.asarray(float(self.optimizer.learning_rate))
            arrays.update((f"{name} of the optimizer", a) for name, a in self.optimizer.scalar_state().items())
        return arrays

    def _equal_pieces(self) -> list[Array]:
        """The same in few pieces, without the values that all ranks share in one memory."""
        parameters = self.cache.parameters
        if parameters is None:
            return list(self._equal_arrays().values())
        flat = [] if self.reduction.shares_values else [parameters.values]
        others = [v.array for v in self.model.weights if v not in parameters]
        scalars = [*self.optimizer.scalar_state().values(), np.asarray(float(self.optimizer.learning_rate))]
        return [*flat, *others, *scalars]

    def _agree(self) -> None:
        """Before a first step that trains nothing: the same model on all ranks, with rank 0's values."""
        if not self._agreed:
            if not self.fits:
                self._take_seed()
            compare(self.communicator, run_fields(self.model, self.optimizer))
            self.broadcast()
            self._agreed = True
