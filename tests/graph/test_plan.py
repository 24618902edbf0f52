"""The planner and the executor: order, sums of gradients, shared memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain import ops
from dtrain.graph import Arena, Parameters, Program, StepContext, Tensor, Trace, Variable, make_plan, tracing


def gradients(build, weights, data):
    """Run `build(x, *weights)` once through trace, plan and program; the root, and the gradient of each weight."""
    trace = Trace(len(data), len(data))
    with tracing(trace):
        x = trace.batch_input(data.shape[1:], data.dtype)
        root = build(x, *weights)
    plan = make_plan(trace, [root.index], root.index, weights)
    parameters = Parameters(weights)
    program = Program(plan, Arena(), StepContext(), parameters)
    program.inputs[0][...] = data
    program.run()
    first = [program.results[0].copy(), *(parameters.gradient(w).copy() for w in weights)]
    program.run()
    for once, twice in zip(first, [program.results[0], *(parameters.gradient(w) for w in weights)], strict=True):
        np.testing.assert_array_equal(once, twice, err_msg="a second run gives other numbers")
    return first


def variable(*shape, seed=0):
    return Variable(np.random.default_rng(seed).normal(size=shape), dtype="float64", name=f"w{seed}")


DATA = np.random.default_rng(1).normal(size=(5, 3))


def test_a_weight_used_twice_gets_the_sum_of_both_gradients():
    w = variable(3)
    _, dw = gradients(lambda x, w: ops.sum(x * w) + ops.sum(w * w), [w], DATA)
    np.testing.assert_allclose(dw, DATA.sum(0) + 2 * w.numpy())


def test_a_value_with_three_consumers_gets_the_sum_of_three_gradients():
    w = variable(3)

    def build(x, w):
        y = x * w
        return ops.sum(y * y) + ops.sum(ops.exp(y)) + ops.sum(y)

    _, dw = gradients(build, [w], DATA)
    y = DATA * w.numpy()
    np.testing.assert_allclose(dw, ((2 * y + np.exp(y) + 1) * DATA).sum(0))


def test_views_share_memory_and_their_gradients_add_up():
    w = variable(3)

    def build(x, w):
        y = x * w
        flat = ops.reshape(y, (15,))
        return ops.sum(flat * flat) + ops.sum(y)

    _, dw = gradients(build, [w], DATA)
    np.testing.assert_allclose(dw, ((2 * DATA * w.numpy() + 1) * DATA).sum(0))


def test_a_weight_reached_only_through_a_view_gets_its_gradient():
    w = variable(3)
    _, dw = gradients(lambda x, w: ops.sum(x * ops.reshape(w, (1, 3))), [w], DATA)
    np.testing.assert_allclose(dw, DATA.sum(0))


def test_a_weight_that_the_root_does_not_depend_on_has_gradient_zero():
    w, unused = variable(3), variable(2, seed=1)

    def build(x, w, unused):
        ops.sum(unused)
        return ops.sum(x * w)

    _, _, d_unused = gradients(build, [w, unused], DATA)
    np.testing.assert_array_equal(d_unused, 0)


def test_gradients_of_the_last_layer_are_completed_first():
    w1, w2 = variable(3, 4), variable(4, 2, seed=1)
    trace = Trace(5, 5)
    with tracing(trace):
        root = ops.sum(ops.matmul(ops.tanh(ops.matmul(trace.batch_input((3,), "float64"), w1)), w2))
    plan = make_plan(trace, [], root.index, [w1, w2])
    assert [trace.variables[i] is w for i, w in zip(plan.ready, [w2, w1], strict=True)] == [True, True]


def test_the_listener_hears_of_every_parameter_exactly_once():
    w1, w2 = variable(3, 4), variable(4, 2, seed=1)
    trace = Trace(5, 5)
    with tracing(trace):
        h = ops.matmul(trace.batch_input((3,), "float64"), w1)
        root = ops.sum(ops.matmul(h * h, w2)) + ops.sum(w1 * w1)
    plan = make_plan(trace, [], root.index, [w1, w2])
    parameters = Parameters([w2, w1])
    heard: list[slice] = []
    program = Program(plan, Arena(), StepContext(on_ready=heard.append), parameters)
    program.inputs[0][...] = DATA
    program.run()
    assert sorted(s.start for s in heard) == [s.start for s in parameters.slices]


def test_assigned_variables_change_when_the_step_ends_and_not_before():
    moving = Variable(np.zeros(3), dtype="float64", trainable=False)
    trace = Trace(5, 5)
    with tracing(trace):
        x = trace.batch_input((3,), "float64")
        moving.assign(moving * 0.5 + ops.mean(x, axis=0))
        after = moving + 0.0
    program = Program(make_plan(trace, [after.index]), Arena(), StepContext())
    program.inputs[0][...] = DATA
    program.run()
    program.run()
    np.testing.assert_allclose(moving.numpy(), 1.5 * DATA.mean(0))
    np.testing.assert_allclose(program.results[0], 1.5 * DATA.mean(0))


def test_memory_is_reused_when_a_value_is_no_longer_needed():
    trace = Trace(1000, 1000)
    with tracing(trace):
        y = trace.batch_input((100,), "float32")
        for _ in range(50):
            y = ops.exp(y * 0.001)
    program = Program(make_plan(trace, [y.index]), arena := Arena(), StepContext())
    program.inputs[0][...] = 1
    program.run()
    assert arena.reserve(0).base.nbytes < 3 * 1000 * 100 * 4


def test_a_deep_graph_is_planned_without_recursion():
    w = variable(3)

    def build(x, w):
        y = x * w
        for _ in range(3000):
            y = y + 1.0
        return ops.sum(y)

    _, dw = gradients(build, [w], DATA)
    np.testing.assert_allclose(dw, DATA.sum(0))


@st.composite
def programs(draw):
    """A random straight-line program: each line an op on earlier values."""
    lines = []
    for k in range(draw(st.integers(1, 14))):
        op = draw(st.sampled_from(["add", "multiply", "tanh", "square", "negative", "reshape", "row_sum", "subtract"]))
        lines.append((op, draw(st.integers(0, k + 1)), draw(st.integers(0, k + 1))))
    return lines


def run_lines(lines, x, w):
    values = [x, x * w]
    for op, a, b in lines:
        left, right = values[a], values[b]
        match op:
            case "add":
                value = left + right
            case "subtract":
                value = left - right
            case "multiply":
                value = left * ops.tanh(right)
            case "tanh":
                value = ops.tanh(left)
            case "square":
                value = ops.square(ops.tanh(left))
            case "negative":
                value = -left
            case "reshape":
                value = ops.reshape(ops.reshape(left, (left.shape[0], 1, 3)), (left.shape[0], 3))
            case _:
                value = ops.broadcast_to(ops.sum(left, axis=1, keepdims=True), left.shape) * 0.3
        values.append(value)
    return ops.sum(values[-1]) + ops.sum(values[len(values) // 2])


@settings(max_examples=150, deadline=None)
@given(programs())
def test_random_programs_have_the_gradients_of_finite_differences(lines):
    w = variable(3)
    _, dw = gradients(lambda x, w: run_lines(lines, x, w), [w], DATA)
    start, direction, eps = w.numpy(), np.array([0.3, -0.7, 0.5]), 1e-6
    values = []
    for sign in (1, -1):
        x, shifted = Tensor_of(DATA), Tensor_of(start + sign * eps * direction)
        values.append(float(run_lines(lines, x, shifted)))
    numeric = (values[0] - values[1]) / (2 * eps)
    assert np.dot(dw, direction) == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def Tensor_of(array):
    from dtrain.graph import as_tensor

    tensor = as_tensor(array)
    assert isinstance(tensor, Tensor)
    return tensor
