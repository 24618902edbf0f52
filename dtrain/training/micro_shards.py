"""Reproducible mode: the global batch in a fixed number of micro-shards, of which each process runs some whole ones.

The price is smaller matrix products, a call of every op for each micro-shard, as many copies of the gradients as a
process has micro-shards, and one thread. Measured on one process, 8 micro-shards against the ordinary mode with one
thread: a convolutional network of 128 rows a batch takes 1.6 times as long, a perceptron of 535,000 weights 2.3 times,
and one of 2,400 weights with 32 rows, where calls cost more than arithmetic, 3.4 times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dtrain.datasets.sampler import rank_shards, shard_rows
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.finite import first_not_finite
from dtrain.distributed.tree import ShardTree
from dtrain.graph import Arena, Array, Parameters, Plan, StepContext, Variable
from dtrain.graph.nest import map_structure
from dtrain.graph.pieces import Lanes
from dtrain.graph.sharded_program import ShardedProgram
from dtrain.timeline.runs import listener

from .data import Batch
from .shard_sums import ShardSums

DEFAULT_COUNT = 8


def shard_count(reproducible: bool | int, workers: int) -> int | None:
    """The number of micro-shards that `reproducible` asks for: None for False, `DEFAULT_COUNT` for True.

    Raises:
        ValueError: it is no positive number, or less than the processes that have rows.
    """
    if reproducible is False:
        return None
    count = DEFAULT_COUNT if reproducible is True else reproducible
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(
            "reproducible must be True, False or the number of micro-shards of a batch. "
            f"Received: reproducible={reproducible!r}"
        )
    if count < workers:
        raise ValueError(
            f"A batch of {count} micro-shards cannot be divided among {workers} processes. Use at most {count} "
            f"processes, or reproducible={workers} or more in every run that is to be compared: the bits depend on "
            "this number"
        )
    return int(count)


@dataclass
class Planned:
    """A plan with what its results mean, and the variables of which it holds parts of sums."""

    plan: Plan
    part_names: list[str]
    outputs: Any
    parts: Sequence[Variable]


class ShardedStep:
    """A step that runs micro-shard by micro-shard. Results as those of `ShardedProgram`."""

    def __init__(self, shards: MicroShards, program: ShardedProgram, planned: Sequence[Planned]) -> None:
        self.part_names, self.outputs = planned[0].part_names, planned[0].outputs
        self._shards = shards
        self._program = program
        variables = (v for p in planned for v in p.plan.trace.variables.values())
        self._places = [(v, v.array) for v in {id(v): v for v in variables}.values()]
        self.assigned = [variable for variable, _ in planned[0].plan.updates]

    def is_bound(self) -> bool:
        """Whether all variables lie where they lay when the program was made."""
        return all(v.array.ctypes.data == array.ctypes.data for v, array in self._places)

    def run(self, batch: Batch) -> list[Any]:
        """Run on a batch; the results are the program's own memory, valid until the next run."""
        batches = self._shards.divide(batch)
        for buffers, own in zip(self._program.inputs, batches, strict=True):
            for buffer, array in zip(buffers, own.arrays, strict=True):
                np.copyto(buffer, array, casting="same_kind")
        self._program.run([own.first_row for own in batches], listener())
        return self._program.results


class MicroShards:
    """The micro-shards that this process runs, with what each of them has of its own.

    A spare (see `Communicator.workers`) has none of the batch. It runs one without rows, which is in no sum: so it
    takes part in the sums between processes, and computes from them what is the same everywhere.

    Args:
        communicator: the processes.
        context: of this process.
        count: micro-shards of a global batch.
    """

    def __init__(self, communicator: Communicator, context: StepContext, count: int) -> None:
        self.count = count
        ranges = [rank_shards(count, rank, communicator.workers) for rank in range(communicator.size)]
        self.first, self.stop = ranges[communicator.rank]
        self._number = min(self.first, count - 1)  # by which the first one is named: that of a spare as the last
        self._context = context
        self._tree = ShardTree(communicator, ranges)
        self._arenas = [Arena() for _ in range(self.held)]
        self._gradients: Array | None = None
        self.sums = ShardSums(self.held)

    @property
    def held(self) -> int:
        """Micro-shards that this process runs."""
        return max(1, self.stop - self.first)

    def divide(self, batch: Batch) -> list[Batch]:
        """This process's rows of a batch, micro-shard by micro-shard (views)."""
        edges = shard_rows(batch.total_rows, self.count)[self.first : self.stop]
        return [_cut(batch, start, stop) for start, stop in edges or [(batch.total_rows, batch.total_rows)]]

    def step(
        self, batch: Batch, plan: Callable[[Batch], Planned], parameters: Callable[[], Parameters | None]
    ) -> ShardedStep:
        """Plan and bind a step for batches like this one.

        Args:
            plan: plans for a micro-shard; called once for each number of rows.
            parameters: asked after planning; None for a step without gradients.
        """
        batches = self.divide(batch)
        by_rows: dict[int, Planned] = {}
        for own in batches:
            if own.rows not in by_rows:
                by_rows[own.rows] = plan(own)
        planned = [by_rows[own.rows] for own in batches]
        self.sums.hold(planned[0].parts)
        trained = parameters()
        program = ShardedProgram(
            [p.plan for p in planned],
            self._arenas,
            self._context,
            self._number,
            self.count,
            self._tree.overwrite,
            self.sums.parts,
            trained,
            None if trained is None else self._gradients_like(trained.gradients),
        )
        return ShardedStep(self, program, planned)

    def lanes(self, batch: Batch) -> Lanes:
        """What ops that run at once in a step on this batch are run for."""
        batches = self.divide(batch)
        contexts = [
            replace(
                self._context, rank=self._number + k, size=self.count, on_ready=None,
                first_row=own.first_row, rows=own.rows, total_rows=own.total_rows,
            )
            for k, own in enumerate(batches)
        ]  # fmt: skip
        return Lanes(contexts, self._total_of, self.sums)

    def sum_gradients(self, out: Array) -> None:
        """Write the sum of the gradients of all micro-shards of all processes into `out`."""
        self._tree.total(self._gradients_like(out), out)

    def not_finite(self, flat: Array) -> int | None:
        """The lowest place in gradients like `flat` where that of a micro-shard of this process is NaN or infinite."""
        found = (first_not_finite(row) for row in self._gradients_like(flat))
        return min((place for place in found if place is not None), default=None)

    def _gradients_like(self, flat: Array) -> Array:
        if self._gradients is None:
            self._gradients = np.zeros((self.held, len(flat)), flat.dtype)
        return self._gradients

    def _total_of(self, arrays: Sequence[Array]) -> Array:
        return self.total(np.stack([array.reshape(-1) for array in arrays])).reshape(arrays[0].shape)

    def total(self, sums: Array) -> Array:
        """The sum over all micro-shards of all processes of `sums`, (micro-shards of this process, n)."""
        out = np.empty(sums.shape[1], sums.dtype)
        self._tree.total(sums.copy(), out)
        return out


def _cut(batch: Batch, start: int, stop: int) -> Batch:
    """The rows `start` to `stop` of the global batch, of which `batch` has more."""
    rows = slice(start - batch.first_row, stop - batch.first_row)

    def cut(array: Any) -> Any:
        return None if array is None else array[rows]

    x, y, weight = (map_structure(cut, part) for part in (batch.x, batch.y, batch.sample_weight))
    return Batch(x, y, weight, stop - start, batch.total_rows, start)
