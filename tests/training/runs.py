"""One training run with everything that has a state, which can be broken off and gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain import layers, ops
from dtrain.callbacks import Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from dtrain.optimizers import schedules
from dtrain.training.training_checkpoint import TrainingCheckpoint

ROWS, BATCH = 50, 8
STEPS = -(-ROWS // BATCH)


class Broken(Exception):
    """What ends a run in the middle."""


class BreakAfter(Callback):
    """Ends the run after so many steps, before a state is saved."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.optimizer.step_count == self.steps:
            raise Broken


class Farthest(dtrain.Metric):
    """A metric whose variable is the same on all processes."""

    def __init__(self) -> None:
        super().__init__(name="farthest")
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.value.assign_add(ops.sum(ops.max(ops.abs(y_true - y_pred), axis=-1)))

    def result(self) -> Any:
        return self.value


def data() -> tuple[Any, Any]:
    numbers = np.random.default_rng(3)
    x = numbers.normal(size=(ROWS, 6)).astype(np.float32)
    return x, (x[:, :2] ** 2 + 0.3 * numbers.normal(size=(ROWS, 2))).astype(np.float32)


def network(units: int = 9) -> Any:
    return dtrain.Sequential(
        [
            dtrain.Input((6,)),
            layers.Dense(units, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(2),
        ]
    )


def optimizer(kind: str) -> Any:
    if kind == "schedule":
        return dtrain.optimizers.Adam(schedules.ExponentialDecay(0.02, 5, 0.9))
    if kind == "momentum":
        return dtrain.optimizers.SGD(0.02, momentum=0.9, clipnorm=1.0)
    if kind == "average":
        return dtrain.optimizers.Adam(0.02, use_ema=True, gradient_accumulation_steps=2, amsgrad=True)
    return {"adam": dtrain.optimizers.Adam, "rmsprop": dtrain.optimizers.RMSprop}[kind](0.02)


def callbacks(kind: str) -> list[Any]:
    """Early stopping always; what changes the rate only where the rate is a number."""
    stop = EarlyStopping(monitor="val_loss", patience=2, min_delta=0.12, restore_best_weights=True)
    if kind == "momentum":
        return [stop, LearningRateScheduler(lambda epoch, rate: rate * 0.8)]
    if kind == "adam":
        return [stop, ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=0.1, cooldown=1)]
    return [stop]


def train(
    kind: str,
    folder: Path | None = None,
    break_after: int | None = None,
    every_steps: int | None = None,
    epochs: int = 9,
    extra: Any = (),
    **fit_arguments: Any,
) -> dict[str, Any]:
    """Train, break off if told so, and return weights, optimizer state and history."""
    dtrain.utils.set_random_seed(8)
    x, y = data()
    model = network()
    model.compile(optimizer(kind), "mse", metrics=["mae", Farthest()])
    listed = [*callbacks(kind), *extra]
    if folder is not None:
        listed.append(TrainingCheckpoint(folder, every_steps=every_steps))
    if break_after is not None:
        listed.append(BreakAfter(break_after))
    history = model.fit(
        x, y, batch_size=BATCH, epochs=epochs, validation_data=(x[:13], y[:13]), callbacks=listed, verbose=0,
        resume=folder, **fit_arguments,
    )  # fmt: skip
    return collect(model, history.history, history.epoch)


def collect(model: Any, history: Mapping[str, Any], epochs: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {f"weight/{k}": v.numpy() for k, v in enumerate(model.weights)}
    found.update((f"optimizer/{k}", v.numpy()) for k, v in enumerate(model.optimizer.variables))
    found.update((f"history/{name}", np.array(values)) for name, values in history.items())
    found["epochs"] = np.array(epochs)
    return found


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """The names of what is not the same, bit for bit."""
    names = sorted({*found, *expected})
    return [k for k in names if k not in found or k not in expected or not np.array_equal(found[k], expected[k])]
