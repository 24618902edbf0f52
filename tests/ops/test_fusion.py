"""Plans with fused calls: the same numbers, fewer calls, and nothing swallowed that somebody reads."""

import numpy as np
import pytest

from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, make_plan, tracing
from dtrain.ops import add, matmul, multiply, relu, sigmoid, sum, tanh
from dtrain.ops.convolution import conv
from dtrain.ops.fusion import rewrites
from dtrain.ops.pooling import average_pool, max_pool


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def run(function, x, values, fused, extra=()):
    """Outputs, gradients and labels of a step whose loss is the sum of function(x, *variables) times fixed numbers."""
    variables = [Variable(v, name=f"v{k}") for k, v in enumerate(values)]
    trace = Trace(rows=len(x), total_rows=len(x))
    with tracing(trace):
        inputs = trace.batch_input(x.shape[1:], "float32")
        outputs = function(inputs, *(v.value for v in variables))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        factors = normal(*outputs[0].spec.shape, seed=9)
        loss = sum(multiply(outputs[0], factors))
    wanted = [outputs[k].index for k in extra] or [loss.index]
    plan = make_plan(trace, [*wanted, loss.index], loss.index, variables, rewrites if fused else ())
    parameters = Parameters(variables)
    program = Program(plan, Arena(), StepContext(), parameters)
    program.inputs[0][...] = x
    program.run()
    labels = program.labels[: plan.forward_count]
    return [r.copy() for r in program.results], [parameters.gradient(v).copy() for v in variables], labels


def assert_same(function, x, values, names, extra=()):
    """The fused plan has just the calls `names` besides those of the loss, and the same numbers."""
    plain, fused = run(function, x, values, False, extra), run(function, x, values, True, extra)
    for a, b in zip(plain[0] + plain[1], fused[0] + fused[1], strict=True):
        scale = max(1.0, float(np.abs(a).max(initial=0)))
        np.testing.assert_allclose(a / scale, b / scale, atol=1e-5)  # float32, in another order of terms
    assert [label.split(": ")[-1] for label in fused[2]][: len(names)] == names


X, W, B = normal(4, 9, 8, 2), normal(3, 3, 2, 5, seed=1), normal(5, seed=2)


@pytest.mark.parametrize("activation", [None, relu, sigmoid, tanh])
@pytest.mark.parametrize("pool", [None, 2, (3, 2)])
@pytest.mark.parametrize("strides", [1, 2])
def test_conv_bias_activation_and_pooling_become_one_call(activation, pool, strides):
    def function(x, w, b, v):
        y = add(conv(multiply(x, v), w, strides, "same"), b)
        y = activation(y) if activation else y
        return max_pool(y, pool) if pool else y

    v = normal(2, seed=3)
    assert_same(function, X, [W, B, v], ["Multiply", "ConvBiasActivationPool", "Multiply", "Sum"])


def test_the_bias_may_come_first():
    assert_same(lambda x, w, b: add(b, conv(x, w)), X, [W, B], ["ConvBiasActivationPool"])


@pytest.mark.parametrize("activation", [None, relu, sigmoid, tanh])
def test_matmul_bias_and_activation_become_one_call(activation):
    def function(x, w, b, v):
        y = add(matmul(multiply(x, v), w), b)
        return activation(y) if activation else y

    values = [normal(6, 3, seed=1), normal(3, seed=2), normal(6, seed=3)]
    assert_same(function, normal(4, 6), values, ["Multiply", "DenseActivation", "Multiply", "Sum"])
    assert_same(function, normal(4, 5, 6), values, ["Multiply", "DenseActivation", "Multiply", "Sum"])


def test_a_wanted_value_is_not_swallowed():
    def function(x, w, b):
        before = add(conv(x, w), b)
        return relu(before), before

    assert_same(function, X, [W, B], ["ConvBiasActivationPool", "Relu"], extra=(0, 1))


def test_a_value_with_two_readers_is_not_swallowed():
    def function(x, w, b):
        before = add(conv(x, w), b)
        return add(relu(before), before)

    assert_same(function, X, [W, B], ["ConvBiasActivationPool", "Relu", "Add"])


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x, w, b: max_pool(relu(add(conv(x, w), b)), 3, 2), ["ConvBiasActivationPool", "MaxPool"]),
        (lambda x, w, b: max_pool(relu(add(conv(x, w), b)), 2, padding="same"), ["ConvBiasActivationPool", "MaxPool"]),
        (lambda x, w, b: average_pool(add(conv(x, w), b), 2), ["ConvBiasActivationPool", "AveragePool"]),
        (lambda x, w, b: relu(conv(x, w)) + b, ["Conv", "Relu", "Add"]),
        (lambda x, w, b: add(conv(x, w), conv(x, w)) + b, ["Conv", "Conv", "Add", "Add"]),
    ],
)
def test_what_is_no_such_chain_stays(function, names):
    assert_same(function, normal(4, 9, 9, 2), [W, B], names)


def test_no_rows():
    x = normal(0, 8, 8, 2)
    assert_same(lambda x, w, b: max_pool(relu(add(conv(x, w), b)), 2), x, [W, B], ["ConvBiasActivationPool"])
    values = [normal(6, 3), normal(3)]
    assert_same(lambda x, w, b: relu(add(matmul(x, w), b)), normal(0, 6), values, ["DenseActivation"])


def test_the_gradient_of_equal_values_goes_to_the_first_as_without_fusion():
    function = lambda x, w, b: max_pool(relu(add(conv(x, w), b)), 2)  # noqa: E731
    assert_same(function, np.zeros((2, 8, 8, 2), np.float32), [W, np.abs(B)], ["ConvBiasActivationPool"])
