"""Ten random steps of every optimizer and option beside real Keras, where that is installed."""

import os

import numpy as np
import pytest

from dtrain import optimizers
from dtrain.graph import Parameters, Variable

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")

STEPS = 10
SHAPES = {"kernel": (7, 5), "bias": (5,), "filters": (3, 3, 2, 4)}
CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "rho": 0.7}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8}),
    ("AdamW", {}),
    ("Adagrad", {}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Ftrl", {"learning_rate": 0.1}),
    ("Ftrl", {
        "learning_rate": 0.1, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02,
        "l2_shrinkage_regularization_strength": 0.03, "beta": 0.1,
    }),
    ("Lion", {}),
    ("Lamb", {}),
    ("Adafactor", {}),
    # With beta_1 < 1, Keras on PyTorch reads a value that it has already overwritten (`momentum_old` is no copy).
    ("ScheduleFreeAdamW", {"warmup_steps": 4, "beta_1": 1.0}),
]  # fmt: skip
OPTIONS = [
    {"weight_decay": 0.1},
    {"clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"global_clipnorm": 0.7},
    {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_overwrite_frequency": 3},
    {"loss_scale_factor": 8.0},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "use_ema": True, "ema_overwrite_frequency": 2},
]


def values(seed):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def theirs(name, config, seed=0):
    """Values and optimizer state of Keras after the steps."""
    variables = [keras.Variable(v, name=n) for n, v in values(seed).items()]
    optimizer = getattr(keras.optimizers, name)(**config)
    optimizer.build(variables)
    for step in range(STEPS):
        gradients = [keras.ops.convert_to_tensor(g) for g in values(100 + step).values()]
        optimizer.apply(gradients, variables)
    store = {}
    optimizer.save_own_variables(store)
    return [np.asarray(v.numpy()) for v in variables], [np.asarray(store[str(k)]) for k in range(len(store))]


def ours(name, config, flat, seed=0):
    variables = [Variable(v, name=n) for n, v in values(seed).items()]
    optimizer = getattr(optimizers, name)(**config)
    optimizer.build(variables)
    parameters = Parameters(reversed(variables)) if flat else None
    for step in range(STEPS):
        gradients = list(values(100 + step).values())
        if parameters is None:
            optimizer.apply(gradients, variables)
        else:
            for variable, gradient in zip(variables, gradients, strict=True):
                parameters.gradient(variable)[...] = gradient
            optimizer.step(parameters)
    store = {}
    optimizer.save_own_variables(store)
    return [v.numpy() for v in variables], [store[str(k)] for k in range(len(store))]


def compare(name, config):
    wanted_values, wanted_state = theirs(name, config)
    for flat in (True, False):
        got_values, got_state = ours(name, config, flat)
        for got, wanted in zip(got_values, wanted_values, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=1e-6)
        assert len(got_state) == len(wanted_state)
        for got, wanted in zip(got_state, wanted_state, strict=True):
            assert got.shape == wanted.shape
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_values_and_numbered_state_equal_those_of_keras(name, config):
    compare(name, config)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam", "Lamb", "Adagrad"])
@pytest.mark.parametrize("option", OPTIONS)
def test_options_change_steps_as_in_keras(name, option):
    compare(name, option)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_configurations_have_the_keys_of_keras_in_their_order(name, config):
    wanted = getattr(keras.optimizers, name)(**config).get_config()
    got = getattr(optimizers, name)(**config).get_config()
    if name == "AdamW":
        wanted.pop("name"), got.pop("name")
    assert list(got) == list(wanted)
    for key in set(got) - {"name", "learning_rate"}:
        assert got[key] == wanted[key], key


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExponentialDecay", (0.1, 7, 0.5)),
        ("ExponentialDecay", (0.1, 7, 0.5, True)),
        ("InverseTimeDecay", (0.1, 7, 0.5)),
        ("InverseTimeDecay", (0.1, 7, 0.5, True)),
        ("PolynomialDecay", (0.1, 9, 0.01, 2.0)),
        ("PolynomialDecay", (0.1, 9, 0.01, 0.5, True)),
        ("CosineDecay", (0.1, 15, 0.1)),
        ("CosineDecay", (0.01, 15, 0.1, "c", 0.1, 5)),
        ("CosineDecayRestarts", (0.1, 4)),
        ("CosineDecayRestarts", (0.1, 4, 1.0, 0.5, 0.2)),
        ("PiecewiseConstantDecay", ([3, 8], [0.3, 0.2, 0.1])),
    ],
)
def test_schedules_equal_those_of_keras(name, arguments):
    wanted = getattr(keras.optimizers.schedules, name)(*arguments)
    got = getattr(optimizers.schedules, name)(*arguments)
    for step in range(40):
        assert got(step) == pytest.approx(float(wanted(step)), rel=1e-4, abs=1e-7), step
