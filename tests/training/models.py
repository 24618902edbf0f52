"""Data and small models that the tests of training share."""

from __future__ import annotations

from typing import Any

import numpy as np

import dtrain
from dtrain import layers
from tests.training.reference import LinearRegression

ROWS, INPUTS, OUTPUTS = 23, 4, 2


def regression_data(rows: int = ROWS, seed: int = 0) -> tuple[Any, Any]:
    numbers = np.random.default_rng(seed)
    x = numbers.normal(size=(rows, INPUTS)).astype(np.float32)
    y = (x @ numbers.normal(size=(INPUTS, OUTPUTS)) + 0.1 * numbers.normal(size=(rows, OUTPUTS))).astype(np.float32)
    return x, y


def linear(**compile_arguments: Any) -> Any:
    """One Dense layer with fixed first weights, compiled for SGD with rate 0.1."""
    model = dtrain.Sequential([dtrain.Input((INPUTS,)), layers.Dense(OUTPUTS, name="dense")])
    numbers = np.random.default_rng(1)
    model.set_weights([numbers.normal(size=(INPUTS, OUTPUTS)), numbers.normal(size=OUTPUTS)])
    model.compile(**{"optimizer": dtrain.optimizers.SGD(0.1), "loss": "mse", **compile_arguments})
    return model


def reference_of(model: Any, rate: float = 0.1) -> LinearRegression:
    w, b = model.get_weights()
    return LinearRegression(w.astype(np.float64), b.astype(np.float64), rate)


def two_outputs(**compile_arguments: Any) -> Any:
    """Outputs "a" (2 values) and "b" (1 value) from a common input."""
    x = dtrain.Input((INPUTS,), name="x")
    a, b = layers.Dense(2, name="a")(x), layers.Dense(1, name="b")(x)
    model = dtrain.Model(x, [a, b])
    numbers = np.random.default_rng(2)
    model.set_weights([numbers.normal(size=w.shape) for w in model.get_weights()])
    model.compile(**{"optimizer": dtrain.optimizers.SGD(0.1), "loss": "mse", **compile_arguments})
    return model


def two_targets(rows: int = ROWS) -> tuple[Any, Any, Any]:
    numbers = np.random.default_rng(3)
    x, a = regression_data(rows)
    return x, a, numbers.normal(size=(rows, 1)).astype(np.float32)


def classifier(**compile_arguments: Any) -> Any:
    model = dtrain.Sequential([dtrain.Input((INPUTS,)), layers.Dense(3, activation="softmax")])
    numbers = np.random.default_rng(4)
    model.set_weights([numbers.normal(size=(INPUTS, 3)), numbers.normal(size=3)])
    arguments = {"optimizer": dtrain.optimizers.SGD(0.1), "loss": "sparse_categorical_crossentropy"}
    model.compile(**{**arguments, **compile_arguments})
    return model


def labels(rows: int = ROWS, classes: int = 3) -> Any:
    return np.random.default_rng(5).integers(0, classes, rows)


class Recorder(dtrain.callbacks.Callback):
    """Notes the names of all calls, and the logs of epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.epoch_logs: list[dict[str, Any]] = []
        self.batch_logs: list[dict[str, Any]] = []


def _recording(name: str) -> Any:
    def method(self: Recorder, *args: Any, **kwargs: Any) -> None:
        self.calls.append(name.removeprefix("on_"))
        logs = kwargs.get("logs", args[-1] if args else None)
        if name == "on_epoch_end":
            self.epoch_logs.append(dict(logs))
        if name == "on_train_batch_end":
            self.batch_logs.append(dict(logs))
        getattr(super(Recorder, self), name)(*args, **kwargs)

    return method


for _name in [n for n in dir(dtrain.callbacks.Callback) if n.startswith("on_")]:
    setattr(Recorder, _name, _recording(_name))
