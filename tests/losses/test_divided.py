"""The loss and its gradient do not depend on how many processes share the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import losses, ops
from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, as_tensor, make_plan, tracing
from tests.losses.processes import CUTS, Processes
from tests.losses.samples import BINARY, IDS, LOSSES, REGRESSION, ROWS, numbers


def train(loss: Any, y_true: Any, y_pred: Any, weights: Any = None, mask: Any = None, cut: Any = (ROWS,)) -> Any:
    """Sum of the partial losses, the losses that the processes see, gradient with respect to an added offset."""

    def work(rank: int, rows: slice, context: StepContext) -> Any:
        trace = Trace(rows=cut[rank], total_rows=ROWS)
        offset = Variable(np.zeros(y_pred.shape[1:], "float32"))
        given = [a for a in (y_true, y_pred, weights, mask) if a is not None]
        with tracing(trace):
            inputs = iter([trace.batch_input(a.shape[1:], a.dtype) for a in given])
            target, output = next(inputs), next(inputs) + offset
            weight = None if weights is None else next(inputs)
            output._keras_mask = None if mask is None else next(inputs)
            part, whole = loss.partial(target, output, weight), loss(target, output, weight)
        alone = len(cut) == 1
        plan = make_plan(trace, [part.index, whole.index], root=part.index, trainable=[offset], alone=alone)
        parameters = Parameters([offset])
        program = Program(plan, Arena(), context, parameters)
        for buffer, array in zip(program.inputs, given, strict=True):
            buffer[...] = array[rows]
        program.run()
        return float(program.results[0]), float(program.results[1]), parameters.gradient(offset).copy()

    results = Processes(cut).run(work)
    return sum(r[0] for r in results), [r[1] for r in results], np.sum([r[2] for r in results], axis=0)


def assert_same_for_all_cuts(loss: Any, *arrays: Any) -> None:
    y_true, y_pred, weights, mask = (*arrays, None, None)[:4]
    prediction = as_tensor(y_pred)
    prediction._keras_mask = None if mask is None else as_tensor(mask)
    eager = float(loss(y_true, prediction, weights))
    _, _, gradient = train(loss, *arrays)
    assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
    for cut in CUTS:
        total, seen, shared = train(loss, *arrays, cut=cut)
        np.testing.assert_allclose([total, *seen], eager, rtol=3e-6)
        np.testing.assert_allclose(shared, gradient, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments", "sample"), LOSSES, ids=IDS)
def test_partial_losses_and_gradients_add_up_to_those_of_one_process(name: str, arguments: Any, sample: Any) -> None:
    assert_same_for_all_cuts(getattr(losses, name)(**arguments), *sample)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_divisors_are_those_of_the_global_batch(reduction: str, masked: bool, weighted: bool) -> None:
    weights = numbers(ROWS, seed=8) if weighted else None
    mask = np.array([True, False, True, True, False, True]) if masked else None
    assert_same_for_all_cuts(losses.MeanSquaredError(reduction), *REGRESSION, weights, mask)


def test_a_loss_that_the_user_reduced_himself_counts_once() -> None:
    def largest_error(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred))

    assert_same_for_all_cuts(losses.get_loss(largest_error), *REGRESSION)


def test_a_subclass_that_writes_its_own_call_operator_counts_once() -> None:
    class Doubled(losses.MeanSquaredError):
        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return 2.0 * super().__call__(y_true, y_pred, sample_weight)

    class Sum(losses.Loss):
        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return ops.sum(y_pred)

    assert_same_for_all_cuts(Doubled(), *REGRESSION)
    assert_same_for_all_cuts(Sum(), *REGRESSION)


def test_time_steps_hidden_by_a_mask_count_nothing_whoever_holds_them() -> None:
    y_true, y_pred = numbers(ROWS, 5, 2, seed=9), numbers(ROWS, 5, 2, seed=10)
    mask = np.arange(5) < np.array([5, 1, 0, 3, 2, 4])[:, None]
    assert_same_for_all_cuts(losses.MeanSquaredError(), y_true, y_pred, numbers(ROWS, seed=11), mask)


def test_labels_are_taken_as_signs_only_if_all_of_the_global_batch_are_binary() -> None:
    y_true = BINARY[0].copy()
    y_true[5] = -1  # held by the last process only
    assert_same_for_all_cuts(losses.Hinge(), y_true, BINARY[1])
