"""Metrics inside of traced steps: the same result for every number of processes, without communication in a step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dtrain import metrics, ops
from dtrain.graph import Arena, Program, StepContext, Trace, as_tensor, make_plan, tracing
from tests.losses.processes import CUTS, Processes
from tests.metrics.samples import IDS, METRICS, ROWS, Make, batches, binary, numbers, row_weights


def no_communication(array: Any) -> None:
    raise AssertionError("a step communicated for a metric")


def run_steps(metric: metrics.Metric, data: Any, rows: slice, context: StepContext, alone: bool, quiet: bool) -> Any:
    """Trace a step, run it on all batches; the result that the last step itself sees."""
    trace = Trace(rows=len(data[0][0][rows]), total_rows=ROWS)
    with tracing(trace):
        inputs = [None if a is None else trace.batch_input(a.shape[1:], a.dtype) for a in data[0]]
        inputs[1]._keras_mask = inputs[3]
        metric.update_state(inputs[0], inputs[1], sample_weight=inputs[2])
        seen = as_tensor(metric.result())
    steps = make_plan(trace, [], alone=alone)
    last = make_plan(trace, [seen.index], alone=alone)
    silent = replace(context, all_sum=no_communication) if quiet else context
    for k, arrays in enumerate(data):
        final = k == len(data) - 1
        program = Program(last if final else steps, Arena(), context if final else silent)
        for buffer, array in zip(program.inputs, (a for a in arrays if a is not None), strict=True):
            buffer[...] = array[rows]
        program.run()
    return program.results[0].copy()


def assert_exact(make: Any, data: Any, quiet: bool = True) -> None:
    eager = make()
    for y_true, y_pred, weights, mask in data:
        prediction = as_tensor(y_pred)
        prediction._keras_mask = None if mask is None else as_tensor(mask)
        eager.update_state(y_true, prediction, sample_weight=weights)
    expected = eager.result().numpy()
    for cut in CUTS:
        copies = [make() for _ in cut]

        def work(rank: int, rows: slice, context: StepContext, copies: Any = copies) -> Any:
            return run_steps(copies[rank], data, rows, context, len(copies) == 1, quiet)

        seen = Processes(cut).run(work)
        sums = np.sum([metrics.pack_parts([m]) for m in copies], axis=0)
        for metric, value in zip(copies, seen, strict=True):
            held = metrics.pack_parts([metric])
            with metrics.totals([metric], sums):
                np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(metrics.pack_parts([metric]), held)
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "arguments", "make"), METRICS, ids=IDS)
def test_sums_of_the_processes_make_the_result_of_one(name: str, arguments: Any, make: Make, weighted: bool) -> None:
    data = [(*pair, row_weights(k) if weighted else None, None) for k, pair in enumerate(batches(make))]
    # Hinges ask all processes whether their labels are binary.
    assert_exact(lambda: getattr(metrics, name)(**arguments), data, quiet=name not in ("Hinge", "SquaredHinge"))


@pytest.mark.parametrize("weighted", [False, True])
def test_hidden_rows_count_nothing_whoever_holds_them(weighted: bool) -> None:
    mask = np.array([True, False, True, True, False, True])
    data = [(*pair, row_weights(k) if weighted else None, mask) for k, pair in enumerate(batches(numbers))]
    assert_exact(metrics.MeanAbsoluteError, data)


def test_a_function_that_the_user_reduced_himself_counts_once_in_each_batch() -> None:
    def worst(y_true: Any, y_pred: Any) -> Any:
        return ops.max(ops.mean(ops.square(y_true - y_pred), axis=0))

    data = [(*pair, None, None) for pair in batches(numbers)]
    assert_exact(lambda: metrics.MeanMetricWrapper(worst), data, quiet=False)


class HalfHits(metrics.Metric):
    """As a user writes it: plain variables, sums by ops."""

    def __init__(self) -> None:
        super().__init__(name="half_hits")
        self.hits = self.add_weight(shape=(), initializer="zeros", name="hits")
        self.count = self.add_variable((), "zeros", aggregation="sum", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        hits = ops.cast(ops.abs(y_true - y_pred) < 0.5, "float32")
        self.hits.assign_add(ops.sum(hits))
        self.count.assign(self.count + float(np.prod(y_pred.shape[1:])) * y_pred.spec.global_shape[0])

    def result(self) -> Any:
        return self.hits / self.count


def test_a_users_metric_with_plain_variables_is_exact() -> None:
    data = [(*pair, None, None) for pair in batches(binary)]
    eager = HalfHits()
    for y_true, y_pred, *_ in data:
        eager.update_state(as_tensor(y_true), as_tensor(y_pred))
    for cut in CUTS:
        copies = [HalfHits() for _ in cut]

        def work(rank: int, rows: slice, context: StepContext, copies: Any = copies) -> None:
            for arrays in data:
                trace = Trace(rows=len(arrays[0][rows]), total_rows=ROWS)
                with tracing(trace):
                    copies[rank].update_state(*(trace.batch_input(a.shape[1:], a.dtype) for a in arrays[:2]))
                program = Program(make_plan(trace, [], alone=len(copies) == 1), Arena(), context)
                for buffer, array in zip(program.inputs, arrays[:2], strict=True):
                    buffer[...] = array[rows]
                program.run()

        Processes(cut).run(work)
        for metric in copies:
            assert metric.parts == []
            assert float(metric.result()) == float(eager.result())
