"""Every optimizer, schedule, random layer and layer with a state: a run that is gone on with ends with the same bits.

The model that goes on is a new one, made under another global seed: all that counts must come from the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain
from dtrain import layers, optimizers
from dtrain.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, SwapEMAWeights
from dtrain.optimizers import schedules
from dtrain.training.training_checkpoint import TrainingCheckpoint
from tests.training.runs import BreakAfter, Broken, collect, differences

ROWS, BATCH, EPOCHS = 22, 6, 4
STEPS = 4
MIDDLE, EDGE = STEPS + 2, 2 * STEPS
Make = Callable[[], Any]


def train(
    make: Make,
    optimizer: Make,
    shape: tuple[int, ...] = (5,),
    folder: Path | None = None,
    break_after: int | None = None,
    seed: int = 8,
    callbacks: Callable[[Path | None], list[Any]] = lambda folder: [],
    **fit: Any,
) -> dict[str, Any]:
    """Train a model of inputs of `shape`, break off if told so, and return weights, optimizer state and history."""
    dtrain.utils.set_random_seed(seed)
    numbers = np.random.default_rng(3)
    x = numbers.normal(size=(ROWS, *shape)).astype(np.float32)
    y = numbers.normal(size=(ROWS, 2)).astype(np.float32)
    model = make()
    model.compile(optimizer(), "mse", metrics=["mae"])
    listed = callbacks(folder)
    if folder is not None:
        listed.append(TrainingCheckpoint(folder, every_steps=1))
    if break_after is not None:
        listed.append(BreakAfter(break_after))
    history = model.fit(
        x, y, batch_size=BATCH, epochs=EPOCHS, callbacks=listed, verbose=0, resume=folder,
        validation_data=(x[:9], y[:9]), **fit,
    )  # fmt: skip
    return collect(model, history.history, history.epoch)


def check(tmp_path: Path, make: Make, optimizer: Make, shape: tuple[int, ...] = (5,), **more: Any) -> None:
    """Break off in the middle of an epoch and at its edge, go on each time in a new model, and compare."""
    expected = train(make, optimizer, shape, **more)
    for number, seed in ((MIDDLE, 8), (EDGE, 77), (EDGE + 3, 99)):
        with pytest.raises(Broken):
            train(make, optimizer, shape, tmp_path, number, seed, **more)
    assert differences(train(make, optimizer, shape, tmp_path, seed=5, **more), expected) == []


def dense() -> Any:
    return dtrain.Sequential([dtrain.Input((5,)), layers.Dense(4, "tanh"), layers.Dropout(0.3), layers.Dense(2)])


OPTIMIZERS = {
    name: getattr(optimizers, name)
    for name in dir(optimizers)
    if isinstance(getattr(optimizers, name), type)
    and issubclass(getattr(optimizers, name), optimizers.Optimizer)
    and getattr(optimizers, name) is not optimizers.Optimizer
}
VARIANTS: dict[str, Make] = {
    "nesterov": lambda: optimizers.SGD(0.01, momentum=0.9, nesterov=True, weight_decay=0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True, clipnorm=0.5),
    "centered": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True, clipvalue=0.3),
    "average": lambda: optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
    "accumulation": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=3, global_clipnorm=0.5),
}
SCHEDULES: dict[str, Make] = {
    "cosine": lambda: schedules.CosineDecay(0.05, 9, warmup_target=0.1, warmup_steps=3),
    "restarts": lambda: schedules.CosineDecayRestarts(0.05, 3),
    "exponential": lambda: schedules.ExponentialDecay(0.05, 3, 0.7, staircase=True),
    "inverse": lambda: schedules.InverseTimeDecay(0.05, 3, 0.7),
    "piecewise": lambda: schedules.PiecewiseConstantDecay([3, 7, 9], [0.05, 0.02, 0.1, 0.01]),
    "polynomial": lambda: schedules.PolynomialDecay(0.05, 5, cycle=True),
    "warm up": lambda: schedules.WarmUp(0.05, 5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str, tmp_path: Path) -> None:
    check(tmp_path, dense, OPTIMIZERS[name])


@pytest.mark.parametrize("name", VARIANTS)
def test_options_of_optimizers_that_have_a_state(name: str, tmp_path: Path) -> None:
    check(tmp_path, dense, VARIANTS[name])


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule(name: str, tmp_path: Path) -> None:
    check(tmp_path, dense, lambda: optimizers.SGD(SCHEDULES[name](), momentum=0.5))


def test_every_schedule_is_tried() -> None:
    kinds = {type(make()).__name__ for make in SCHEDULES.values()}
    every = {n for n in dir(schedules) if n[0].isupper() and isinstance(getattr(schedules, n), type)}
    assert kinds == every - {"LearningRateSchedule", "Mapping", "Any"}


FLAT, TIME, IMAGE, VOLUME = (5,), (4, 3), (5, 5, 2), (3, 3, 3, 2)
LAYERS: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "Dropout": (FLAT, lambda: layers.Dropout(0.4)),
    "Dropout with a seed": (FLAT, lambda: layers.Dropout(0.4, seed=11)),
    "Dropout with noise_shape": (TIME, lambda: layers.Dropout(0.4, noise_shape=(None, 1, 3))),
    "AlphaDropout": (FLAT, lambda: layers.AlphaDropout(0.4)),
    "GaussianDropout": (FLAT, lambda: layers.GaussianDropout(0.4)),
    "GaussianNoise": (FLAT, lambda: layers.GaussianNoise(0.4)),
    "SpatialDropout1D": (TIME, lambda: layers.SpatialDropout1D(0.4)),
    "SpatialDropout2D": (IMAGE, lambda: layers.SpatialDropout2D(0.4)),
    "SpatialDropout3D": (VOLUME, lambda: layers.SpatialDropout3D(0.4)),
    "RandomCrop": (IMAGE, lambda: layers.RandomCrop(3, 3)),
    "RandomFlip": (IMAGE, lambda: layers.RandomFlip()),
    "RandomRotation": (IMAGE, lambda: layers.RandomRotation(0.2)),
    "RandomTranslation": (IMAGE, lambda: layers.RandomTranslation(0.2, 0.2)),
    "RandomZoom": (IMAGE, lambda: layers.RandomZoom(0.3)),
    "BatchNormalization": (FLAT, lambda: layers.BatchNormalization(momentum=0.7)),
    "LayerNormalization": (FLAT, lambda: layers.LayerNormalization()),
    "GroupNormalization": (IMAGE, lambda: layers.GroupNormalization(2)),
    "SpectralNormalization": (FLAT, lambda: layers.SpectralNormalization(layers.Dense(4))),
    "LSTM with dropout": (TIME, lambda: layers.LSTM(3, dropout=0.3, recurrent_dropout=0.3)),
    "GRU with dropout": (TIME, lambda: layers.GRU(3, dropout=0.3, recurrent_dropout=0.3)),
    "Bidirectional": (TIME, lambda: layers.Bidirectional(layers.SimpleRNN(3, dropout=0.3))),
    "ActivityRegularization": (FLAT, lambda: layers.ActivityRegularization(0.1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_that_are_random_or_have_a_state(name: str, tmp_path: Path) -> None:
    shape, layer = LAYERS[name]

    def make() -> Any:
        return dtrain.Sequential([dtrain.Input(shape), layer(), layers.Flatten(), layers.Dense(2)])

    check(tmp_path, make, lambda: optimizers.Adam(0.01), shape)


def test_attention_with_dropout(tmp_path: Path) -> None:
    def make() -> Any:
        x = dtrain.Input((4, 3))
        y = layers.MultiHeadAttention(2, 3, dropout=0.3)(x, x)
        return dtrain.Model(x, layers.Dense(2)(layers.Flatten()(y)))

    check(tmp_path, make, lambda: optimizers.Adam(0.01), (4, 3))


def patient(folder: Path | None) -> list[Any]:
    best = [ModelCheckpoint(folder / "best.weights.h5", save_best_only=True, save_weights_only=True)] if folder else []
    return [
        EarlyStopping(monitor="loss", patience=3, min_delta=10.0, restore_best_weights=True),
        ReduceLROnPlateau(monitor="loss", factor=0.5, patience=2, min_delta=10.0, cooldown=1),
        *best,
    ]


def test_callbacks_in_the_middle_of_their_patience(tmp_path: Path) -> None:
    check(tmp_path, dense, lambda: optimizers.Adam(0.01), callbacks=patient)


def test_averages_that_are_swapped_for_validation(tmp_path: Path) -> None:
    def make() -> Any:
        return optimizers.Adam(0.01, use_ema=True, ema_momentum=0.7)

    check(tmp_path, dense, make, callbacks=lambda folder: [SwapEMAWeights()])


class OwnStep(dtrain.Model):
    """A model with a training step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dense(4, "tanh")
        self.drop = layers.Dropout(0.3)
        self.outer = layers.Dense(2)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self.outer(self.drop(self.inner(inputs), training=training))

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def test_a_training_step_of_ones_own(tmp_path: Path) -> None:
    check(tmp_path, OwnStep, lambda: optimizers.Adam(0.01))


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_of_rows_in_reproducible_mode(tmp_path: Path, shuffle: bool) -> None:
    check(tmp_path, dense, lambda: optimizers.Adam(0.01), shuffle=shuffle, reproducible=3)


def test_frozen_layers(tmp_path: Path) -> None:
    def make() -> Any:
        model = dense()
        model.layers[0].trainable = False
        return model

    # Weights that are not trained are in the file, too: the new model begins with others.
    check(tmp_path, make, lambda: optimizers.Adam(0.01))


def test_weights_of_rows(tmp_path: Path) -> None:
    weight = np.linspace(0.1, 2.0, ROWS)
    check(tmp_path, dense, lambda: optimizers.Adam(0.01), sample_weight=weight)
