"""Plans with fused calls: the same numbers, fewer calls, and nothing swallowed that somebody reads."""

import numpy as np
import pytest

from dtrain import ops
from dtrain.graph import Arena, Parameters, Program, StepContext, Trace, Variable, apply, make_plan, tracing
from dtrain.ops import add, matmul, multiply, relu, sigmoid, softmax, sum, tanh
from dtrain.ops.convolution import conv
from dtrain.ops.fusion import forward_rewrites, rewrites
from dtrain.ops.normalization import Affine
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


LABELS = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS] * 0.9 + np.float32(0.1 / 3)
LOSSES = {
    "SoftmaxOfLabels": lambda p: ops.sparse_categorical_crossentropy(LABELS, p),
    "SoftmaxCrossentropy": lambda p: ops.categorical_crossentropy(ONE_HOT, p),
    "SigmoidCrossentropy": lambda p: ops.binary_crossentropy(ONE_HOT, p),
}
LOGITS = normal(4, 3, seed=7)


def last(name):
    return sigmoid if name == "SigmoidCrossentropy" else softmax


@pytest.mark.parametrize("name", LOSSES)
def test_a_last_activation_and_its_crossentropy_become_one_call(name):
    function = lambda x, v: LOSSES[name](last(name)(multiply(x, v)))  # noqa: E731
    assert_same(function, LOGITS, [normal(3, seed=2)], ["Multiply", name, "Multiply", "Sum"])


@pytest.mark.parametrize("name", LOSSES)
def test_no_gradient_flows_where_a_probability_is_clipped(name):
    x = LOGITS.copy()
    x[0], x[1] = [-60, 0, 60], [60, -60, -60]  # the first label is hopeless
    function = lambda x, v: LOSSES[name](last(name)(multiply(x, v)))  # noqa: E731
    assert_same(function, x, [np.ones(3, np.float32)], ["Multiply", name])


@pytest.mark.parametrize("name", LOSSES)
def test_what_looks_at_the_probabilities_still_sees_them(name):
    def function(x, v):
        p = last(name)(multiply(x, v))
        return LOSSES[name](p), p, ops.cast(ops.argmax(p, axis=-1), "float32")

    assert_same(function, LOGITS, [normal(3, seed=2)], ["Multiply", name], extra=(0, 1, 2))


@pytest.mark.parametrize("name", LOSSES)
def test_probabilities_whose_gradient_is_wanted_elsewhere_are_not_swallowed(name):
    def function(x, v):
        p = last(name)(multiply(x, v))
        return LOSSES[name](p) + sum(p * p)

    assert "Crossentropy" not in "".join(run(function, LOGITS, [normal(3, seed=2)], True)[2][1])
    assert_same(function, LOGITS, [normal(3, seed=2)], ["Multiply", last(name).__name__.capitalize()])


@pytest.mark.parametrize("name", ["SoftmaxCrossentropy", "SigmoidCrossentropy"])
def test_targets_that_are_computed_have_a_gradient(name):
    def function(x, v, u):
        loss = {"SoftmaxCrossentropy": ops.categorical_crossentropy, "SigmoidCrossentropy": ops.binary_crossentropy}
        return loss[name](ONE_HOT * u, last(name)(multiply(x, v)))

    assert_same(function, LOGITS, [normal(3, seed=2), normal(3, seed=3)], ["Multiply", "Multiply", name])


@pytest.mark.parametrize("name", LOSSES)
def test_no_rows_of_probabilities(name):
    losses = {
        "SoftmaxOfLabels": lambda p: ops.sparse_categorical_crossentropy(LABELS[:0], p),
        "SoftmaxCrossentropy": lambda p: ops.categorical_crossentropy(ONE_HOT[:0], p),
        "SigmoidCrossentropy": lambda p: ops.binary_crossentropy(ONE_HOT[:0], p),
    }
    function = lambda x, v: losses[name](last(name)(multiply(x, v)))  # noqa: E731
    assert_same(function, LOGITS[:0], [normal(3, seed=2)], ["Multiply", name])


def forward(function, x, values, chosen):
    """Output and labels of a plan without gradients."""
    variables = [Variable(v, name=f"v{k}") for k, v in enumerate(values)]
    trace = Trace(rows=len(x), total_rows=len(x))
    with tracing(trace):
        output = function(trace.batch_input(x.shape[1:], x.dtype), *(v.value for v in variables))
    program = Program(make_plan(trace, [output.index], rewrites=chosen), Arena(), StepContext())
    program.inputs[0][...] = x
    program.run()
    return program.results[0].copy(), [label.split(": ")[-1] for label in program.labels]


STATISTICS = [normal(5, seed=3), np.abs(normal(5, seed=4)), normal(5, seed=5), normal(5, seed=6)]


@pytest.mark.parametrize("rows", [4, 0])
@pytest.mark.parametrize("pool", [None, 2])
@pytest.mark.parametrize("activation", [None, relu])
@pytest.mark.parametrize("bias", [False, True])
def test_given_statistics_are_folded_into_a_convolution_that_needs_no_gradient(bias, activation, pool, rows):
    def function(x, w, b, *statistics):
        y = add(conv(x, w), b) if bias else conv(x, w)
        y = apply(Affine, y, *statistics, axis=3, epsilon=1e-3)
        y = activation(y) if activation else y
        return max_pool(y, pool) if pool else y

    values = [W, B, *STATISTICS]
    plain, fused = forward(function, X[:rows], values, ()), forward(function, X[:rows], values, forward_rewrites)
    assert fused[1] == ["BiasedConvNormalization" if bias else "ConvNormalization"]
    np.testing.assert_allclose(fused[0], plain[0], rtol=1e-4, atol=1e-4)


def test_normalization_whose_input_somebody_reads_is_not_folded():
    def function(x, w, b, *statistics):
        y = conv(x, w)
        return add(apply(Affine, y, *statistics, axis=3, epsilon=1e-3), y)

    plain, fused = (forward(function, X, [W, B, *STATISTICS], chosen) for chosen in ((), forward_rewrites))
    assert fused[1] == plain[1] == ["Conv", "Affine", "Add"]


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers_become_fractions_in_one_call(dtype):
    x = np.arange(24, dtype=dtype).reshape(4, 6) * 10
    function = lambda x: ops.cast(x, "float32") * np.float32(1 / 255)  # noqa: E731
    plain, fused = forward(function, x, [], ()), forward(function, x, [], rewrites)
    assert (plain[1], fused[1]) == (["Cast", "Multiply"], ["ScaledCast"])
    np.testing.assert_array_equal(fused[0], plain[0])


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (lambda x: ops.cast(x, "float32") * np.arange(6, dtype=np.float32), "uint8"),
        (lambda x: ops.cast(x, "int32") * np.int32(3), "uint8"),
        (lambda x: ops.cast(x, "float64") * np.float64(0.5), "float32"),
    ],
)
def test_other_products_of_converted_values_stay(function, dtype):
    x = np.arange(24, dtype=dtype).reshape(4, 6)
    plain, fused = forward(function, x, [], ()), forward(function, x, [], rewrites)
    assert fused[1] == plain[1] == ["Cast", "Multiply"]
