"""Recurrent layers against a step at a time, with masks, both directions, and their gradients."""

import numpy as np
import pytest

from dtrain.ops.gru import gru
from dtrain.ops.lstm import lstm
from dtrain.ops.simple_rnn import simple_rnn
from tests.ops.gradcheck import check, check_divided

N, T, INPUTS, U = 4, 5, 3, 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, states, w, u, b):
    h, c = states
    i, f, g, o = np.split(x @ w + h @ u + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, states, w, u, b):
    (h,) = states
    after = b.ndim == 2
    xz, xr, xg = np.split(x @ w + (b[0] if after else b), 3, axis=-1)
    hz, hr, hg = np.split(h @ u + (b[1] if after else 0), 3, axis=-1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    inner = r * hg if after else (r * h) @ u[:, 2 * U :]
    return (z * h + (1 - z) * np.tanh(xg + inner),)


def simple_step(x, states, w, u, b):
    return (np.tanh(x @ w + states[0] @ u + b),)


def loop(step, x, starts, w, u, b, mask=None, go_backwards=False, zero_output=False):
    """Outputs of all steps and last states, as Keras defines them."""
    states, outputs, previous = starts, [], np.zeros((len(x), U))
    for t in reversed(range(T)) if go_backwards else range(T):
        new = step(x[:, t], states, w, u, b)
        valid = np.ones((len(x), 1), bool) if mask is None else mask[:, t, None]
        outputs.append(np.where(valid, new[0], 0 if zero_output else previous))
        states = tuple(np.where(valid, a, s) for a, s in zip(new, states, strict=True))
        previous = outputs[-1]
    return np.stack(outputs, 1), states


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)

KINDS = {
    "lstm": (lambda x, h, c, *a, **k: lstm(x, (h, c), *a, **k), lstm_step, 2, 4, (4 * U,), {}),
    "gru": (gru, gru_step, 1, 3, (2, 3 * U), {}),
    "gru reset before": (gru, gru_step, 1, 3, (3 * U,), {"reset_after": False}),
    "simple": (simple_rnn, simple_step, 1, 1, (U,), {}),
}


def operands(kind):
    function, step, states, gates, bias, extra = KINDS[kind]
    starts = [normal(N, U, seed=k) for k in range(states)]
    weights = normal(INPUTS, gates * U, seed=5), normal(U, gates * U, seed=6), normal(*bias, seed=7)
    return function, step, normal(N, T, INPUTS), starts, weights, extra


@pytest.mark.parametrize("zero_output", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_equals_a_step_at_a_time(kind, sequences, mask, go_backwards, zero_output):
    function, step, x, starts, weights, extra = operands(kind)
    options = dict(
        mask=mask, return_sequences=sequences, go_backwards=go_backwards, zero_output_for_mask=zero_output, **extra
    )
    y, *ends = check(lambda *a: function(*a, **options), x, *starts, *weights)
    expected, states = loop(step, x, tuple(starts), *weights, mask, go_backwards, zero_output)
    np.testing.assert_allclose(y, expected if sequences else expected[:, -1:], atol=1e-12)
    for end, state in zip(ends, states, strict=True):
        np.testing.assert_allclose(end, state, atol=1e-12)


@pytest.mark.parametrize("output", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_one_output_alone(kind, output):
    function, _, x, starts, weights, extra = operands(kind)
    check(lambda *a: function(*a, **extra)[output], x, *starts, *weights)


@pytest.mark.parametrize("kind", KINDS)
def test_states_and_bias_are_zeros_by_default(kind):
    function, step, x, starts, (w, u, b), extra = operands(kind)
    y = (lstm if kind == "lstm" else function)(x, None, w, u, **extra)[0].numpy()
    expected, _ = loop(step, x, tuple(np.zeros_like(s) for s in starts), w, u, np.zeros_like(b))
    np.testing.assert_allclose(y, expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_may_be_divided_among_processes(kind):
    function, _, _, _, weights, extra = operands(kind)
    x, starts = normal(5, T, INPUTS), [normal(5, U, seed=k) for k in range(KINDS[kind][2])]
    mask = np.random.default_rng(1).random((5, T)) > 0.3

    def run(x, mask, *rest):
        return function(x, *rest, mask=mask, **extra)

    check_divided(run, x, mask, *starts, *weights, batched=(True, True, *(True,) * len(starts), False, False, False))


def test_large_inputs_saturate_without_overflow():
    x = np.full((1, 3, 1), 1e6)
    y, _, _ = lstm(x, None, np.array([[1.0, -1, 1, 1]]), np.ones((1, 4)), np.zeros(4))
    np.testing.assert_allclose(y.numpy().ravel(), np.tanh([1, 1, 1]))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_simple_rnn_activations(activation):
    x, w, u, b = normal(3, 4, 2), normal(2, 3), normal(3, 3) / 3, normal(3)
    y, _ = check(lambda *a: simple_rnn(*a, activation=activation), x, np.zeros((3, 3)), w, u, b)
    first = x[:, 0] @ w + b
    expected = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "sigmoid": sigmoid, "linear": lambda v: v}
    np.testing.assert_allclose(y[:, 0], expected[activation](first), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(inputs=np.ones((2, 3))), "at least 1 step"),
        (dict(kernel=np.ones((3, 5))), r"4 \* units"),
        (dict(bias=np.ones(3)), "bias of shape"),
        (dict(mask=np.ones((4, 5))), "boolean mask"),
        (dict(initial_state=(np.ones((4, 3)), np.ones((4, 2)))), "initial states"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    weights = dict(kernel=normal(INPUTS, 8), recurrent_kernel=normal(U, 8))
    arguments = dict(inputs=normal(N, T, INPUTS), initial_state=None, **weights)
    with pytest.raises(ValueError, match=message):
        lstm(**{**arguments, **change})
