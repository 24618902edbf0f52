"""Times of instructions: what is told of each, and that timing a run changes nothing of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import ops
from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, make_plan, scope, tracing
from dtrain.graph.profile import node_times

DATA = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def program(on_ready: Any = None) -> tuple[Program, Parameters]:
    w = Variable(np.ones((3, 2), np.float32), name="w")
    count = Variable(np.zeros((), np.float32), trainable=False, name="count")
    trace = Trace(4, 4)
    with tracing(trace):
        x = trace.batch_input((3,), np.float32)
        with scope("net"), scope("near"):
            h = ops.tanh(ops.matmul(x, w))
        root = ops.sum(ops.square(h))
        count.assign(count + 1.0)
    parameters = Parameters([w])
    made = Program(make_plan(trace, [root.index], root.index, [w]), Arena(), StepContext(on_ready=on_ready), parameters)
    made.inputs[0][...] = DATA
    return made, parameters


def test_every_instruction_is_named_with_layer_direction_and_shapes() -> None:
    found = node_times(program()[0], runs=3)
    nodes = [time.node for time in found]
    assert [node.label for node in nodes] == program()[0].labels
    product = next(node for node in nodes if node.op == "Matmul")
    assert (product.layer, product.direction) == ("net/near", "forward")
    assert [spec.shape for spec in product.reads] == [(4, 3), (3, 2)]
    assert [spec.shape for spec in product.writes] == [(4, 2)]
    gradient = next(node for node in nodes if node.layer == "net/near" and node.op.startswith("Matmul."))
    assert gradient.direction == "backward"
    assert (3, 2) in [spec.shape for spec in gradient.writes]
    assert {node.layer for node in nodes} == {"net/near", "model"}


def test_each_run_is_one_time_of_every_instruction() -> None:
    found = node_times(program()[0], runs=3)
    assert all(len(time.seconds) == 3 and 0 <= time.best_s <= time.median_s for time in found)
    with pytest.raises(ValueError, match="runs must be positive. Received: runs=0"):
        node_times(program()[0], runs=0)


def test_a_timed_run_gives_the_same_numbers_and_tells_of_gradients_in_the_same_order() -> None:
    told: dict[str, list[slice]] = {"plain": [], "timed": []}
    results = []
    for name, parts in told.items():
        made, parameters = program(parts.append)
        if name == "timed":
            node_times(made, runs=1)
        else:
            made.run()
        counts = [variable.numpy().copy() for variable, _ in made._updates]
        results.append([made.results[0].copy(), parameters.gradients.copy(), *counts])
    assert told["plain"] == told["timed"] != []
    for plain, timed in zip(*results, strict=True):
        np.testing.assert_array_equal(plain, timed)
