"""One compiled model at work: its programs, its optimizer and its place among the processes of the job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from dtrain.datasets.sampler import part_rows, rank_shards
from dtrain.distributed import world
from dtrain.distributed.choice import choose, wanted_reduction
from dtrain.distributed.drift import DriftCheck, check_steps
from dtrain.distributed.finite import first_not_finite
from dtrain.distributed.guard import compare
from dtrain.distributed.placement import warn as warn_of_placement
from dtrain.distributed.reduction import Reduction
from dtrain.distributed.synchronizer import Synchronizer
from dtrain.distributed.threads import one_thread
from dtrain.graph import Array, Parameters, Plan, StepContext, Variable
from dtrain.graph.nest import pack_as
from dtrain.kernels.one_thread import one_thread_kernels
from dtrain.timeline import COMPUTE, METRICS, REDUCE, UPDATE

from .data import Batch
from .eager_steps import EagerSteps
from .identity import plan_fields, run_fields, seed_fields
from .micro_shards import MicroShards, shard_count
from .nan_guard import NanGuard
from .objective import Objective
from .output_rows import whole_outputs
from .passes import Passes
from .program_cache import ProgramCache
from .scoreboard import Scoreboard
from .tracing import start_tracing
from .trainable import TrainableFlags

Model = Any


class Session:
    """Runs single steps. Made by `compile`, dropped when the model changes."""

    def __init__(self, model: Model, optimizer: Any, arguments: dict[str, Any], flags: TrainableFlags) -> None:
        self.model = model
        self.optimizer = optimizer
        self.communicator = world()
        start_tracing(self.communicator)
        self.context = StepContext(
            rank=self.communicator.rank, size=self.communicator.size, all_sum=self.communicator.Allreduce
        )
        self.passes = Passes(self.context)
        self.objective = Objective(arguments.get("loss"), arguments.get("loss_weights"))
        self.board = Scoreboard(arguments.get("metrics"), arguments.get("weighted_metrics"))
        self.cache = ProgramCache(model, self.context, flags, self._start)
        self.fits = 0
        self._agreed = False  # whether all processes are known to hold the same model
        self.rows = 0  # of all global batches so far
        self.pace = ""  # of the last epoch, in words; none of a process that runs alone
        self.nan_guard: NanGuard | None = None  # asked before each step is made
        self.drift = DriftCheck(self.communicator, check_steps(), self._equal_arrays, self._equal_pieces)
        self.wanted_reduction = wanted_reduction(model._reduction)
        self.reduction: Reduction
        self.synchronizer: Synchronizer
        self._shards: dict[int, MicroShards] = {}
        self._eager = EagerSteps(self)
        self._own_steps = 0  # of a `train_step` that the model has written anew
        if self._eager.handles("train_step") or self._eager.handles("test_step"):
            self.board.beside = [model._loss_tracker()]

    # -- seeds ----------------------------------------------------------------------------------------------------

    def begin_fit(self) -> int:
        """The seed of the next `fit`, the same on all processes, another one for every `fit`."""
        warn_of_placement()
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
        workers = self.communicator.workers
        count = workers if self.shards is None else self.shards
        return *rank_shards(count, self.communicator.rank, workers), count

    @contextmanager
    def reproducible(self, wanted: bool | int) -> Iterator[None]:
        """Within the block, the bits of steps do not depend on the number of processes (False: changes nothing).

        Raises:
            ValueError: `wanted` is no positive number, or less than the processes that have rows.
        """
        count = shard_count(wanted, self.communicator.workers)
        if count is None:
            yield
            return
        self._refuse_row_states()
        before = self.shards
        with one_thread(), one_thread_kernels():
            self._divide(count)
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

    def _divide(self, count: int | None) -> None:
        """From now on, cut batches into so many micro-shards; None: each process's rows in one piece."""
        if count is not None and count not in self._shards:
            self._shards[count] = MicroShards(self.communicator, self.context, count)
        shards = None if count is None else self._shards[count]
        self.cache.shards = shards
        self.board.divide(shards)

    def _sum_gradients(self) -> int | None:
        """Sum over all ranks; returns the first place where this rank sees a gradient that is no number, if watched."""
        shards, parameters = self.cache.shards, self.cache.parameters
        if shards is None or parameters is None:
            self.synchronizer.finish()
            return self.synchronizer.take_not_finite()
        shards.sum_gradients(parameters.gradients)
        # One sum is shorter than its terms, and no number where one of them is none.
        if self.nan_guard is None or first_not_finite(parameters.gradients) is None:
            return None
        return shards.not_finite(parameters.gradients)

    @property
    def sees_sums(self) -> bool:
        """Whether this rank looks for gradients that are no numbers in its part of their sum, and not in its own."""
        return self.cache.shards is None and self.synchronizer.region is not None

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

    def prepare(self, batch: Batch) -> None:
        """Make what a step on batches like this one changes, without running it: weights, metrics, optimizer state."""
        if self._eager.handles("train_step") and not self.objective.given:
            self.optimizer.build(self.model.trainable_variables)  # its steps are its own: nothing can be planned
        else:
            self.cache.train(batch, self.objective, self.board)

    # -- steps ----------------------------------------------------------------------------------------------------

    @property
    def step_count(self) -> int:
        """Train steps so far. A step that the model has written anew may step other optimizers, often or not at all."""
        return self._own_steps if self._eager.handles("train_step") else self.optimizer.step_count

    def go_on_after(self, steps: int) -> None:
        """The run that goes on has made so many train steps."""
        self._own_steps = steps

    def train_step(self, batch: Batch) -> None:
        """Gradients of this rank's rows, their sum over all ranks, one update of the weights."""
        if self._eager.handles("train_step"):
            self._run_eagerly("train_step", batch)
            return
        if self._make_gradients(batch):
            self._update()

    def _make_gradients(self, batch: Batch) -> bool:
        """The first part of a train step, which changes no weights; returns whether the second one is to follow."""
        step = self.cache.train(batch, self.objective, self.board)
        self.context.step = self.optimizer.step_count
        self._before_step(step.assigned)
        held = self.synchronizer.holding = self._may_hold()
        with COMPUTE:
            results = step.run(batch)
        with REDUCE:
            place = self._sum_gradients()
        self.rows += batch.total_rows
        if self.nan_guard is not None and not self.nan_guard.accepts(float(results[0].sum()), place, batch, held):
            return False
        self.board.add(step.part_names, results, batch.total_rows)
        return True

    def _before_step(self, assigned: Sequence[Variable]) -> None:
        """Called when a train step is about to overwrite these variables, and none of the weights it trains."""
        if self.nan_guard is not None:
            self.nan_guard.before_step(assigned)

    def _update(self) -> None:
        """The second part of a train step: the weights, by the summed gradients."""
        held = self.synchronizer.holding
        with UPDATE:
            self.optimizer.step(self.cache.parameters, self.synchronizer.region, held)
            if not held:
                self.synchronizer.publish()
        self.drift.after_step(self.optimizer.step_count)

    def test_step(self, batch: Batch) -> None:
        """Losses and metrics of this rank's rows."""
        if self._eager.handles("test_step"):
            self._run_eagerly("test_step", batch)
            return
        step = self.cache.test(batch, self.objective, self.board)
        self._agree()
        with COMPUTE, self.passes.step():
            results = step.run(batch)
        self.board.add(step.part_names, results, batch.total_rows)
        self.rows += batch.total_rows

    def predict_step(self, batch: Batch) -> Any:
        """The outputs of the whole global batch, on every rank."""
        if self._eager.handles("predict_step"):
            self._agree()
            with self.passes.step():
                local, structure = self._eager.outputs(batch)
            stacked = False
        else:
            step = self.cache.predict(batch)
            self._agree()
            with COMPUTE, self.passes.step():
                local, structure = step.run(batch), step.outputs
            stacked = self.cache.shards is not None
        self.rows += batch.total_rows
        whole = whole_outputs(self.communicator, structure, local, self._row_counts(batch), stacked)
        return pack_as(structure, whole)

    def _run_eagerly(self, method: str, batch: Batch) -> None:
        """A step that the model has written anew."""
        self._agree()
        self.context.step = self.step_count
        with COMPUTE, nullcontext() if method == "train_step" else self.passes.step():
            self._eager.update(method, batch)
        self.rows += batch.total_rows
        if method == "train_step":
            self.drift.after_step(self.step_count + 1)
            self._own_steps += 1

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

    def whole_board(self) -> Array:
        """The parts of all sums of the epoch so far: a row for each piece that batches are cut into."""
        return np.concatenate(self.communicator.allgather(self._own_board()))

    def _own_board(self) -> Array:
        """This process's parts of these sums: of each of its pieces one."""
        start, stop, _ = self.pieces
        return self.board.local_state()[: stop - start]

    def load_board(self, parts: Array, names: Sequence[str], rows: int) -> None:
        """Go on from what `whole_board` gave, maybe for another number of pieces: the first one has all then."""
        start, stop, pieces = self.pieces
        if len(parts) != pieces:
            total = parts.sum(axis=0)
            parts = np.zeros((pieces, len(total)))
            parts[0] = total
        own = parts[start:stop] if start < stop else np.zeros_like(parts[:1])
        self.board.load_local_state(own, names, rows)

    def _row_counts(self, batch: Batch) -> list[int]:
        workers = self.communicator.workers
        ranges = (part_rows(batch.total_rows, rank, workers, self.shards) for rank in range(self.communicator.size))
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

        def values(count: int, dtype: str) -> Array:
            return self.reduction.values(count, dtype)

        parameters = Parameters(variables, self._make_reduction, values)
        self.optimizer.attach(parameters)
        self._make_synchronizer()
        return parameters

    def _make_reduction(self, count: int, dtype: str) -> Array:
        """Choose how gradients are added; returns where they lie."""
        self.reduction = choose(self.communicator, count, dtype, self._may_shard(), self.wanted_reduction)
        return self.reduction.own_gradients

    def _may_shard(self) -> bool:
        """Whether each rank may update a part of the weights for all."""
        return bool(self.optimizer.shardable)

    def _make_synchronizer(self) -> None:
        self.synchronizer = Synchronizer(self.communicator, self.reduction)
        self.synchronizer.watching = self.nan_guard is not None
        self.context.on_ready = self.synchronizer.listener

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
