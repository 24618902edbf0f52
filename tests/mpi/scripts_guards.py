"""Cases of numbers that are none and of copies that drift apart, one after the other: run by `test_guards`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from dtrain.distributed import DesyncError, prepare, world

prepare()

import numpy as np  # noqa: E402

import dtrain  # noqa: E402
from dtrain import layers, ops  # noqa: E402

RANK, SIZE = world().rank, world().size
ODD = RANK == SIZE - 1
ROWS, BATCH = 24, 6
LAST = BATCH - 1  # a row of the last rank in every batch


class SquareRoot(layers.Layer):
    """Its value at 0 is finite and its derivative is not."""

    def call(self, inputs: Any) -> Any:
        return ops.sqrt(inputs)


def data() -> tuple[Any, Any]:
    numbers = np.random.default_rng(0)
    return numbers.normal(size=(ROWS, 3)).astype(np.float32) ** 2 + 0.1, np.ones((ROWS, 2), np.float32)


def network(norm: bool = True, root: bool = False) -> Any:
    dtrain.utils.set_random_seed(1)
    parts = [layers.BatchNormalization(name="norm")] if norm else []  # its sums take a NaN to all ranks
    parts += [layers.Dense(2, name="near", kernel_initializer="ones"), *([SquareRoot()] if root else [])]
    model = dtrain.Sequential([dtrain.Input((3,)), *parts])
    model.compile(dtrain.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


class Spoil(dtrain.callbacks.Callback):
    """Changes something on the last rank alone, before a step."""

    def __init__(self, at: int, change: Any) -> None:
        super().__init__()
        self.at, self.change = at, change

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if ODD and self.model.optimizer.step_count == self.at:
            self.change(self.model)


def fit(model: Any, spoilt_row: int | None = None, value: float = np.nan, **arguments: Any) -> Any:
    x, y = data()
    if spoilt_row is not None:
        x[spoilt_row] = value
    return model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0, **arguments)


def without_row(spoilt: int) -> list[Any]:
    """The weights after the same training without the batch of a row."""
    model = network()
    x, y = data()
    keep = np.arange(ROWS) // BATCH != spoilt // BATCH
    model.fit(x[keep], y[keep], batch_size=BATCH, shuffle=False, verbose=0)
    return list(model.get_weights())


def nan_in_data(**arguments: Any) -> Any:
    fit(network(norm=False), BATCH + LAST, **arguments)


def gradient_only() -> Any:
    fit(network(norm=False, root=True), LAST, 0.0)  # in the first step: biases are 0 then


def skip(**arguments: Any) -> Any:
    model = network()
    history = fit(model, BATCH + LAST, on_nan="skip", **arguments)
    expected = without_row(BATCH + LAST)
    same = all(np.allclose(a, b, atol=1e-6) for a, b in zip(model.get_weights(), expected, strict=True))
    return {"steps": model.optimizer.step_count, "finite": bool(np.isfinite(history.history["loss"][0])), "same": same}


def stop() -> Any:
    model = network()
    fit(model, BATCH + LAST, on_nan="stop", epochs=3)
    return {"steps": model.optimizer.step_count, "finite": all(np.isfinite(w).all() for w in model.get_weights())}


def statistics_drift() -> Any:
    def change(model: Any) -> None:
        model.layers[0].moving_mean.array[0] += 1e-6

    fit(network(), callbacks=[Spoil(2, change)], epochs=3)


def weights_drift() -> Any:
    def change(model: Any) -> None:
        model.layers[-1].kernel.array[0, 0] = np.nextafter(model.layers[-1].kernel.array[0, 0], 9)

    fit(network(), callbacks=[Spoil(5, change)], epochs=3)


def rate_drift() -> Any:
    def change(model: Any) -> None:
        model.optimizer.learning_rate = 0.02

    fit(network(), callbacks=[Spoil(1, change)], epochs=3)


def step_ahead() -> Any:
    def change(model: Any) -> None:
        model.optimizer._iterations.array += 1

    fit(network(), callbacks=[Spoil(1, change)])


CASES = {
    "raise": nan_in_data,
    "raise, reproducible": lambda: nan_in_data(reproducible=True),
    "gradient only": gradient_only,
    "skip": skip,
    "skip, reproducible": lambda: skip(reproducible=True),
    "stop": stop,
    "statistics": statistics_drift,
    "weights": weights_drift,
    "rate": rate_drift,
    "step": step_ahead,
}


def main(out: str) -> None:
    """Write what each case gave or raised."""
    found: dict[str, Any] = {}
    for name, case in CASES.items():
        try:
            found[name] = case()
        except (FloatingPointError, DesyncError) as error:
            found[name] = f"{type(error).__name__}: {error}"
        world().Barrier()
    with open(os.path.join(out, f"{RANK}.json"), "w") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(sys.argv[1])
