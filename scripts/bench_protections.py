#!/usr/bin/env python3
"""What a step pays for its protections: each is switched off in turn, and training with checkpoints stands beside it.

    python scripts/bench_protections.py [--steps 100] [--rounds 15] [--hidden 512 256] [--rows 128] [--save-every 50]
    mpirun -n 2 python scripts/bench_protections.py

A protection's cost is the time of a step with all of them less that without it. Each turn is short and gives its
quick steps (the lower fifth: others may use the machine, too); the table shows the median over the rounds, and the
span of the middle half. Checkpoints are written in the background; few steps bear their cost, so it is that of the mean
step. BLAS and kernels have one thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain import layers, timeline
from dtrain.callbacks import Callback, TrainingCheckpoint
from dtrain.distributed import is_main, say, world
from dtrain.distributed.threads import one_thread
from dtrain.kernels.one_thread import one_thread_kernels
from dtrain.timeline import phases

_FIRST = 10  # steps of each turn that are not counted
_QUICK = 0.2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="of one turn")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--hidden", type=int, nargs="+", default=[512, 256], help="units of the hidden layers")
    parser.add_argument("--rows", type=int, default=128, help="of the global batch")
    parser.add_argument("--save-every", type=int, default=50, help="steps between two checkpoints")
    return parser.parse_args()


class Clock(Callback):
    """The time at which each step begins."""

    def __init__(self, handles_nan: bool = False) -> None:
        super().__init__()
        self.handles_nan = handles_nan  # fit then looks for no NaN itself
        self.times: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.times.append(time.perf_counter())

    def steps(self) -> np.ndarray:
        """The seconds of each step but the first ones."""
        return np.diff(self.times)[_FIRST:]


class Bench:
    """One kind of training after the other, on the same data."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        numbers = np.random.default_rng(0)
        self.x = numbers.random((options.rows * options.steps, 784), np.float32)
        self.y = numbers.integers(0, 10, len(self.x))

    def all_on(self) -> np.ndarray:
        """Every protection; signals are looked at because there is something that saves."""
        return self._train(Clock(), saver=TrainingCheckpoint(self.folder, every_epochs=0))

    def without_nan_check(self) -> np.ndarray:
        return self._train(Clock(handles_nan=True), saver=TrainingCheckpoint(self.folder, every_epochs=0))

    def without_drift_check(self) -> np.ndarray:
        with variable("DTRAIN_CHECK_STEPS", "0"):
            return self.all_on()

    def without_signals(self) -> np.ndarray:
        return self._train(Clock())

    def without_watchers(self) -> np.ndarray:
        with nobody_watching():
            return self.all_on()

    def without_any(self) -> np.ndarray:
        with variable("DTRAIN_CHECK_STEPS", "0"), nobody_watching():
            return self._train(Clock(handles_nan=True))

    def with_checkpoints(self) -> np.ndarray:
        saver = TrainingCheckpoint(self.folder, every_epochs=0, every_steps=self.options.save_every)
        return self._train(Clock(), saver)

    def _train(self, clock: Clock, saver: TrainingCheckpoint | None = None) -> np.ndarray:
        dtrain.utils.set_random_seed(0)
        hidden = [layers.Dense(units, activation="relu") for units in self.options.hidden]
        model = dtrain.Sequential([dtrain.Input((784,)), *hidden, layers.Dense(10, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        callbacks = [clock, *([saver] if saver is not None else [])]
        model.fit(self.x, self.y, batch_size=self.options.rows, epochs=1, verbose=0, callbacks=callbacks)
        if is_main():
            for path in self.folder.glob("step-*.h5"):
                path.unlink()
        return clock.steps()


@contextmanager
def variable(name: str, value: str) -> Iterator[None]:
    """Set an environment variable."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})


@contextmanager
def nobody_watching() -> Iterator[None]:
    """Nobody hears of phases: neither the watch for ranks that hang nor a trace."""
    before = phases._watchers
    for watcher in before:
        timeline.unwatch(watcher)
    try:
        yield
    finally:
        for watcher in before:
            timeline.watch(watcher)


def measure(bench: Bench, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """A quick and the mean step of each kind of training in each round."""
    kinds: list[Callable[[], np.ndarray]] = [
        bench.all_on, bench.without_nan_check, bench.without_drift_check, bench.without_signals,
        bench.without_watchers, bench.without_any, bench.with_checkpoints,
    ]  # fmt: skip
    found: dict[str, list[tuple[float, float]]] = {kind.__name__: [] for kind in kinds}
    for number in range(rounds):
        for kind in kinds if number % 2 else reversed(kinds):
            steps = kind()
            found[kind.__name__].append((float(np.quantile(steps, _QUICK)), float(np.mean(steps))))
            world().Barrier()
    return found


def report(found: dict[str, list[tuple[float, float]]], options: argparse.Namespace) -> None:
    """Print what each protection costs, relative to a step without any."""
    bare = [quick for quick, _ in found["without_any"]]
    full = [quick for quick, _ in found["all_on"]]
    say(f"{world().size} processes, {options.rows} rows, {options.hidden} units, {options.rounds} rounds")
    say(f"a step without protections: {statistics.median(bare) * 1e3:.3f} ms")
    rows = {
        "check for NaN": "without_nan_check",
        "check for drift": "without_drift_check",
        "agreement on signals": "without_signals",
        "watchers of phases": "without_watchers",
        "all protections": "without_any",
    }
    for title, kind in rows.items():
        costs = [(whole - part) / base for whole, (part, _), base in zip(full, found[kind], bare, strict=True)]
        say(f"{title:24} {_share(costs)}")
    whole = [mean for _, mean in found["all_on"]]
    costs = [(mean - base) / base for (_, mean), base in zip(found["with_checkpoints"], whole, strict=True)]
    say(f"{f'a checkpoint each {options.save_every} steps':24} {_share(costs)}")
    quick = [quick for quick, _ in found["with_checkpoints"]]
    costs = [(one - base) / base for one, base in zip(quick, full, strict=True)]
    say(f"{'steps between checkpoints':24} {_share(costs)}")


def _share(costs: list[float]) -> str:
    low, middle, high = statistics.quantiles(costs, n=4) if len(costs) > 1 else costs * 3
    return f"{100 * middle:+6.2f} %   (middle half {100 * low:+.2f} to {100 * high:+.2f})"


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, one_thread(), one_thread_kernels():
        folder = world().bcast(Path(name))
        report(measure(Bench(options, folder), options.rounds), options)
        world().Barrier()


if __name__ == "__main__":
    main()
