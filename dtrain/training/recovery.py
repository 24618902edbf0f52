"""Elastic mode: a session whose steps are made wholly or not at all, and repeated by those that are left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from dtrain.datasets.sampler import part_rows, rank_shards
from dtrain.graph import Array, Parameters, Plan, Variable
from dtrain.metrics import Metric

from .data import Batch
from .held_optimizers import held_optimizers
from .session import Session

T = TypeVar("T")


class ElasticSession(Session):
    """Makes steps so that none is lost, nor made twice, when ranks are lost within it.

    Weights and optimizer state lie on every rank, whole. A step changes them only once all ranks have agreed that its
    gradients are summed, and then without another word to each other. What it has to change before, moving
    statistics and sums of metrics, is kept, and put back when the step is repeated. The sums of metrics, of which each
    rank has its part, are exchanged in every step, so that those of a lost rank are known to the others.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._generation = self.communicator.generation
        self._kept: list[tuple[Variable, Array]] = []
        self._put_back_board: Callable[[], None] = self.board.reset
        self._noted: Callable[[], None] | None = None

    # -- steps ----------------------------------------------------------------------------------------------------

    def prepare(self, batch: Batch) -> None:
        self._transaction(batch, super().prepare)

    def train_step(self, batch: Batch) -> None:
        if self._eager.handles("train_step"):
            self._transaction(batch, partial(self._run_whole, super().train_step))
        elif self._transaction(batch, partial(self._run_noting, self._make_gradients)):
            self._update()

    def test_step(self, batch: Batch) -> None:
        step = super().test_step
        self._transaction(
            batch, partial(self._run_whole if self._eager.handles("test_step") else self._run_noting, step)
        )

    def predict_step(self, batch: Batch) -> Any:
        return self._transaction(batch, super().predict_step)

    def logs(self) -> dict[str, Any]:
        return self._with_present_ranks(super().logs)

    def whole_board(self) -> Array:
        return self._with_present_ranks(super().whole_board)

    def load_board(self, parts: Array, names: Sequence[str], rows: int) -> None:
        self._put_back_board = partial(super().load_board, parts.copy(), list(names), rows)
        self._put_back_board()

    def reset_logs(self) -> None:
        super().reset_logs()
        self._put_back_board = self.board.reset

    # -- transactions -----------------------------------------------------------------------------------------------

    def _transaction(self, batch: Batch, action: Callable[[Batch], T]) -> T:
        """Return `action(batch)`, done with this process's rows of the batch as the ranks are at last."""
        before = self.cache.parameters, self._agreed, self.rows

        def undo() -> None:
            self.cache.parameters, self._agreed, self.rows = before
            for variable, value in self._kept:
                variable.array[...] = value

        def attempt() -> T:
            self._kept, self._noted = [], None
            self._join_present_ranks()
            return action(self._own_rows(batch))

        result = self.communicator.uniform(attempt, undo)
        self._put_back_board = self._noted or self._put_back_board  # not before all ranks have agreed
        return result

    def _with_present_ranks(self, action: Callable[[], T]) -> T:
        def attempt() -> T:
            self._join_present_ranks()
            return action()

        return self.communicator.uniform(attempt)

    def _run_noting(self, step: Callable[[Batch], T], batch: Batch) -> T:
        """A step, and then what the sums of metrics are on all ranks."""
        self._keep(v for metric in self.board.metrics for v in metric.variables)
        result = step(batch)
        self._note_board()
        return result

    def _run_whole(self, step: Callable[[Batch], None], batch: Batch) -> None:
        """A step that the model has written anew, which may change anything that it holds."""
        self._keep(self._all_variables())
        step(batch)
        self._note_board()

    def _note_board(self) -> None:
        """Exchange the parts of the sums of the epoch so far."""
        workers, pieces = self.communicator.workers, self.pieces[2]
        runs = (rank_shards(pieces, rank, workers) for rank in range(self.communicator.size))
        parts = self.communicator.Allgather_rows(self._own_board(), [stop - start for start, stop in runs])
        self._noted = partial(super().load_board, parts, self.board.part_names, self.board.rows)

    def _before_step(self, assigned: Sequence[Variable]) -> None:
        super()._before_step(assigned)
        self._keep(assigned)

    def _keep(self, variables: Iterable[Variable]) -> None:
        self._kept += [(variable, variable.array.copy()) for variable in variables]

    def _all_variables(self) -> list[Variable]:
        """Whatever a step that the model has written anew may change."""
        optimizers = [self.optimizer, *held_optimizers(self.model).values()]
        metrics = [m for m in (*self.board.metrics, *self.model.metrics) if isinstance(m, Metric)]
        state = [v for optimizer in optimizers if optimizer is not None for v in optimizer.variables]
        sums = [v for metric in metrics for v in metric.variables]
        return list({id(v): v for v in (*self.model.weights, *state, *sums)}.values())

    # -- when ranks were lost ---------------------------------------------------------------------------------------

    def _join_present_ranks(self) -> None:
        """Bind to the ranks that are left whatever was bound to those of before. All of them call it."""
        generation = self.communicator.generation
        if generation == self._generation:
            return
        self.context.rank, self.context.size = self.communicator.rank, self.communicator.size
        self.cache.forget()
        count = self.shards
        self._shards.clear()
        self._divide(count)
        parameters = self.cache.parameters
        if parameters is not None:
            parameters.gradients = self._make_reduction(parameters.values.size, parameters.values.dtype.name)
            self._make_synchronizer()
        self._put_back_board()
        self._generation = generation

    def _own_rows(self, batch: Batch) -> Batch:
        place = self.communicator.rank, self.communicator.workers, self.shards
        rows = part_rows(batch.total_rows, *place)
        if batch.recut is None or rows == (batch.first_row, batch.first_row + batch.rows):
            return batch
        return batch.recut(*place)

    # -- what elastic mode does without -----------------------------------------------------------------------------

    def _start(self, plan: Plan, variables: list[Variable]) -> Parameters:
        for layer in self.model._flat_layers():
            if getattr(layer, "stateful", False):
                raise ValueError(
                    f"{layer.name}: a layer with stateful=True keeps the states of this process's rows, which are lost "
                    "with the process. Start the job without --elastic (DTRAIN_ELASTIC)"
                )
        return super()._start(plan, variables)

    def _may_shard(self) -> bool:
        """A rank that dies within its update would leave a torn part."""
        return False

    def _may_hold(self) -> bool:
        """Gradients that only one rank has would be lost with it."""
        return False
