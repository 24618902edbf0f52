"""Programs of micro-shards: the numbers of one program, and bits that do not depend on who runs which micro-shard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dtrain import ops
from dtrain.datasets.sampler import rank_shards, shard_rows
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.serial import SerialCommunicator
from dtrain.distributed.tree import ShardTree
from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, apply, make_plan, tracing
from dtrain.graph.sharded_program import ShardedProgram
from dtrain.ops.collective import AllSum, Once
from dtrain.ops.dropout import dropout
from dtrain.ops.fusion import rewrites
from dtrain.ops.normalization import batch_normalize
from dtrain.ops.reduction import sum_rows
from tests.distributed.group import run_ranks

Build = Callable[..., Any]
ROWS, SHARDS = 21, 8
DATA = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)
CONTEXT = {"seed": 3, "epoch": 1, "step": 5}


def dense(x: Any, w: Any, v: Any) -> Any:
    h = ops.relu(ops.matmul(x, w))
    return sum_rows(ops.square(ops.tanh(ops.matmul(h, v))), (0, 1))


def normalized(x: Any, w: Any, v: Any) -> Any:
    """Sums over the whole batch forward and backward, a weight that is used three times, a term that counts once."""
    h, _, _ = batch_normalize(ops.matmul(x, w))
    h = ops.relu(ops.matmul(h, ops.matmul(ops.transpose(w), w)))
    h, _, _ = batch_normalize(ops.matmul(h, v))
    return sum_rows(ops.square(h * ops.mean(x)), (0, 1)) + apply(Once, ops.sum(ops.square(w)))


def masked(x: Any, w: Any, v: Any) -> Any:
    """Random numbers of each row, a division by a sum over the whole batch."""
    h = dropout(ops.matmul(x, w), 0.5)
    return sum_rows(ops.sum(ops.matmul(h, v), axis=1) / ops.sum(ops.exp(x)), (0,))


def weights() -> list[Variable]:
    numbers = np.random.default_rng(1)
    return [Variable(numbers.normal(size=shape).astype(np.float32), name="w") for shape in ((6, 5), (5, 4))]


class Job:
    """One training step of `build`; `sharded` or in one piece."""

    def __init__(self, build: Build, rows: int = ROWS) -> None:
        self.build = build
        self.data = DATA[:rows]
        self.variables = weights()
        self.counter = Variable(np.zeros((), np.float64), trainable=False, name="counter")
        self.part = Variable(np.zeros((), np.float64), trainable=False, name="part")
        self.parameters = Parameters(self.variables)

    def plan(self, rows: int, alone: bool) -> Any:
        trace = Trace(rows, len(self.data))
        with tracing(trace):
            x = trace.batch_input((6,), np.float32)
            root = self.build(x, *self.variables)
            self.counter.assign(self.counter + 1.0)
            self.part.assign(self.part + sum_rows(ops.cast(x, "float64"), (0, 1)))
            shown = ops.matmul(x, self.variables[0]) * self.counter
        return make_plan(trace, [root.index, shown.index], root.index, self.variables, rewrites, alone)

    def whole(self) -> tuple[Any, Any, Any]:
        program = Program(self.plan(len(self.data), True), Arena(), StepContext(**CONTEXT), self.parameters)
        program.inputs[0][...] = self.data
        program.run()
        loss, shown = program.results
        return loss.copy(), shown.copy(), self.parameters.gradients.copy()

    def sharded(self, ranks: Communicator, runs: int = 1) -> tuple[Any, ...]:
        ranges = [rank_shards(SHARDS, rank, ranks.size) for rank in range(ranks.size)]
        first, stop = ranges[ranks.rank]
        tree = ShardTree(ranks, ranges)
        edges = shard_rows(len(self.data), SHARDS)[first:stop]
        plans = {b - a: self.plan(b - a, False) for a, b in edges}
        parts = [{id(self.part): np.zeros(())} for _ in edges]
        gradients = np.zeros((len(edges), len(self.parameters.gradients)), np.float32)
        program = ShardedProgram(
            [plans[b - a] for a, b in edges], [Arena() for _ in edges], StepContext(**CONTEXT), first, SHARDS,
            tree.overwrite, parts, self.parameters, gradients,
        )  # fmt: skip
        for (inputs,), (a, b) in zip(program.inputs, edges, strict=True):
            inputs[...] = self.data[a:b]
        for _ in range(runs):
            program.run([a for a, _ in edges])
        losses, shown = program.results
        total = np.empty(1, np.float32)
        tree.total(losses[:, None].copy(), total)
        tree.total(gradients, self.parameters.gradients)
        sums = [own[id(self.part)] for own in parts]
        return total[0], shown.copy(), self.parameters.gradients.copy(), sums, float(self.counter.array)


@pytest.mark.parametrize("build", [dense, normalized, masked])
@pytest.mark.parametrize("rows", [ROWS, 8, 3])
def test_the_numbers_are_those_of_one_program(build: Build, rows: int) -> None:
    loss, shown, gradients = Job(build, rows).whole()
    found = Job(build, rows).sharded(SerialCommunicator())
    np.testing.assert_allclose(found[0], loss, rtol=1e-5)
    np.testing.assert_allclose(found[1], shown, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[2], gradients, rtol=1e-3, atol=1e-4 * np.abs(gradients).max())


@pytest.mark.parametrize("build", [dense, normalized, masked])
@pytest.mark.parametrize("size", [2, 3, 5, 8])
@pytest.mark.parametrize("rows", [ROWS, 3])
def test_the_bits_do_not_depend_on_who_runs_which_micro_shard(build: Build, size: int, rows: int) -> None:
    expected = Job(build, rows).sharded(SerialCommunicator())
    jobs = [Job(build, rows) for _ in range(size)]
    found = run_ranks(size, lambda ranks: jobs[ranks.rank].sharded(ranks))
    for loss, _, gradients, _, _ in found:
        np.testing.assert_array_equal(loss, expected[0])
        np.testing.assert_array_equal(gradients, expected[2])
    np.testing.assert_array_equal(np.concatenate([shown for _, shown, *_ in found]), expected[1])
    np.testing.assert_array_equal(np.concatenate([sums for *_, sums, _ in found]), expected[3])


@pytest.mark.parametrize("build", [dense, normalized])
def test_sums_are_kept_by_each_micro_shard_and_what_is_common_is_changed_once(build: Build) -> None:
    job = Job(build)
    _, shown, _, sums, counter = job.sharded(SerialCommunicator(), runs=3)
    expected = [3 * DATA[a:b].astype(np.float64).sum() for a, b in shard_rows(ROWS, SHARDS)]
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)
    assert counter == 3
    assert job.part.array == 0
    np.testing.assert_allclose(shown, 3 * DATA @ job.variables[0].array, rtol=1e-5, atol=1e-5)


def test_without_sums_over_the_batch_one_arena_serves_all_micro_shards() -> None:
    class Counting(Arena):
        def reserve(self, nbytes: int) -> Any:
            reserved.append(self)
            return super().reserve(nbytes)

    for build, used in ((lambda x, w, v: sum_rows(ops.matmul(x, w), (0, 1)), 1), (normalized, SHARDS)):
        reserved: list[Arena] = []
        job = Job(build)
        arenas = [Counting() for _ in range(SHARDS)]
        plans = [job.plan(b - a, False) for a, b in shard_rows(ROWS, SHARDS)]
        add = ShardTree(SerialCommunicator(), [(0, SHARDS)]).overwrite
        ShardedProgram(plans, arenas, StepContext(), 0, SHARDS, add, [{}] * SHARDS, job.parameters, np.zeros((8, 64)))
        assert len(set(map(id, reserved))) == used


def test_operations_that_depend_on_the_number_of_rows_are_refused() -> None:
    def build(x: Any, w: Any, v: Any) -> Any:
        h = ops.matmul(x, w)
        if x.spec.shape[0] == 3:
            h = apply(AllSum, ops.sum(ops.exp(h))) * h
        return sum_rows(h, (0, 1))

    with pytest.raises(ValueError, match="other operations for other numbers of rows"):
        Job(build).sharded(SerialCommunicator())
