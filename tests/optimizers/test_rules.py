"""Each rule against its formula, written plainly in float64."""

import math

import numpy as np
import pytest

from dtrain import optimizers
from dtrain.graph import Parameters, Variable

STEPS = 6
RATE = 0.02


def gradient(step, shape=(50_000,)):
    """More values than one piece holds, so that the seams between pieces are tested too."""
    return np.random.default_rng(step).normal(size=shape)


def start():
    return np.random.default_rng(99).normal(size=50_000)


def sgd(w, g, s, t):
    return w - RATE * g


def momentum(w, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) - RATE * g
    return w + s["m"]


def nesterov(w, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) - RATE * g
    return w + 0.9 * s["m"] - RATE * g


def means(g, s, b1=0.9, b2=0.999):
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g


def adam(w, g, s, t):
    means(g, s)
    return w - RATE * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * s["m"] / (np.sqrt(s["v"]) + 1e-7)


def amsgrad(w, g, s, t):
    means(g, s)
    s["h"] = np.maximum(s.get("h", 0), s["v"])
    return w - RATE * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * s["m"] / (np.sqrt(s["h"]) + 1e-7)


def adamw(w, g, s, t):
    return adam(w - w * 0.004 * RATE, g, s, t)


def rmsprop(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g * g
    return w - RATE * g / np.sqrt(s["v"] + 1e-7)


def centered(w, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g * g
    s["a"] = 0.9 * s.get("a", 0) + 0.1 * g
    s["m"] = 0.5 * s.get("m", 0) + RATE * g / np.sqrt(s["v"] - s["a"] ** 2 + 1e-7)
    return w - s["m"]


def adagrad(w, g, s, t):
    s["a"] = s.get("a", 0.1) + g * g
    return w - RATE * g / np.sqrt(s["a"] + 1e-7)


def adadelta(w, g, s, t):
    s["a"] = 0.95 * s.get("a", 0) + 0.05 * g * g
    d = -np.sqrt(s.get("b", 0) + 1e-7) / np.sqrt(s["a"] + 1e-7) * g
    s["b"] = 0.95 * s.get("b", 0) + 0.05 * d * d
    return w + RATE * d


def adamax(w, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["u"] = np.maximum(0.999 * s.get("u", 0), np.abs(g))
    return w - RATE / (1 - 0.9**t) * s["m"] / (s["u"] + 1e-7)


def nadam(w, g, s, t):
    means(g, s)
    now, after = (0.9 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
    s["p"] = s.get("p", 1.0) * now
    m = after * s["m"] / (1 - s["p"] * after) + (1 - now) * g / (1 - s["p"])
    return w - RATE * m / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)


def lion(w, g, s, t):
    old = s.get("m", 0 * g)
    s["m"] = 0.99 * old + 0.01 * g
    return w - RATE * np.sign(0.9 * old + 0.1 * g)


def lamb(w, g, s, t):
    means(g, s)
    r = s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)
    return w - RATE * np.linalg.norm(w) / np.linalg.norm(r) * r


def ftrl(w, g, s, t):
    old = s.get("a", 0.1)
    s["a"] = old + g * g
    s["z"] = (
        s.get("z", 0) + g - (np.sqrt(s["a"]) - math.sqrt(old) if t == 1 else np.sqrt(s["a"]) - np.sqrt(old)) / RATE * w
    )
    return (np.clip(s["z"], -0.01, 0.01) - s["z"]) / (np.sqrt(s["a"]) / RATE)


def schedule_free(w, g, s, t):
    z = s.get("z", start())
    x = (w - 0.1 * z) / 0.9
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g * g
    z = z - RATE * min(t / 4, 1) * g / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-8)
    s["z"] = z
    x = x + (z - x) / t
    return 0.1 * z + 0.9 * x


CASES = [
    (optimizers.SGD(RATE), sgd),
    (optimizers.SGD(RATE, 0.9), momentum),
    (optimizers.SGD(RATE, 0.9, True), nesterov),
    (optimizers.Adam(RATE), adam),
    (optimizers.Adam(RATE, amsgrad=True), amsgrad),
    (optimizers.AdamW(RATE), adamw),
    (optimizers.RMSprop(RATE), rmsprop),
    (optimizers.RMSprop(RATE, momentum=0.5, centered=True), centered),
    (optimizers.Adagrad(RATE), adagrad),
    (optimizers.Adadelta(RATE), adadelta),
    (optimizers.Adamax(RATE), adamax),
    (optimizers.Nadam(RATE), nadam),
    (optimizers.Lion(RATE), lion),
    (optimizers.Lamb(RATE), lamb),
    (optimizers.Ftrl(RATE, l1_regularization_strength=0.01), ftrl),
    (optimizers.ScheduleFreeAdamW(RATE, warmup_steps=4), schedule_free),
]


@pytest.mark.parametrize(("optimizer", "rule"), CASES, ids=[rule.__name__ for _, rule in CASES])
def test_steps_follow_the_formula(optimizer, rule):
    optimizer = type(optimizer).from_config(optimizer.get_config())
    variable = Variable(start(), dtype="float64")
    parameters = Parameters([variable])
    expected, state = start(), {}
    for step in range(1, STEPS + 1):
        parameters.gradient(variable)[...] = gradient(step)
        optimizer.step(parameters)
        expected = rule(expected, gradient(step), state, step)
    # The learning rate is a float32 number, as in Keras.
    np.testing.assert_allclose(variable.array, expected, rtol=1e-5, atol=1e-7)


def test_adafactor_bounds_the_root_mean_square_of_a_step():
    optimizer = optimizers.Adafactor(RATE)
    variable = Variable(np.ones((20, 30), np.float32))
    before = variable.numpy()
    optimizer.apply([np.random.default_rng(0).normal(size=(20, 30))], [variable])
    rms = np.sqrt(np.mean((variable.array - before) ** 2))
    assert 0 < rms <= RATE * (1 + 1e-5)


def test_ftrl_keeps_values_that_have_no_gradient_and_nothing_accumulated_at_zero():
    optimizer = optimizers.Ftrl(RATE, initial_accumulator_value=0.0)
    variable = Variable(np.zeros(3, np.float32))
    optimizer.apply([np.array([0.0, 1.0, 0.0])], [variable])
    assert variable.array[1] != 0
    np.testing.assert_array_equal(variable.array[[0, 2]], 0)
