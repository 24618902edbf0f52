#!/usr/bin/env python3
"""Samples per second of training steps, of dtrain and, where it is installed, of PyTorch beside it.

    python scripts/bench.py [--batch 128] [--rounds 5] [--steps 20] [--threads 1] [--models mlp cnn lstm]

Both do the same work: the same model, the same batch, cross-entropy or mean losses, Adam with its usual settings. They
take turns, round by round, so that a machine whose speed drifts treats both alike; the table shows medians over the
rounds and the median of the rounds' ratios. `--memory` shows instead what one step of dtrain allocates.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

Step = Callable[[], object]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128, help="rows of a step (default 128)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of turns (default 5)")
    parser.add_argument("--steps", type=int, default=20, help="steps of one turn (default 20)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each side (default 1)")
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn", "lstm"], choices=["mlp", "cnn", "lstm"])
    parser.add_argument("--memory", action="store_true", help="show the largest allocations of a step")
    return parser.parse_args()


OPTIONS = arguments()
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(OPTIONS.threads)  # read once, when NumPy and PyTorch are loaded

import numpy as np  # noqa: E402

VOCABULARY, WORDS = 10_000, 100


def data(model: str, batch: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Inputs and targets of one batch."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, batch)
    if model == "mlp":
        return [random.random((batch, 784), np.float32)], [labels]
    if model == "cnn":
        return [random.random((batch, 28, 28, 1), np.float32)], [labels]
    words = random.integers(0, VOCABULARY, (batch, WORDS)).astype(np.int32)
    target = random.integers(0, 2, (batch, 1)).astype(np.float32)
    return [words, random.random((batch, 5), np.float32)], [target, target]


def dtrain_step(model: str, batch: int) -> Step:
    """One training step of dtrain."""
    import dtrain
    from dtrain import layers

    dtrain.utils.set_random_seed(0)
    if model == "mlp":
        net = dtrain.Sequential(
            [
                dtrain.Input((784,)),
                layers.Dense(512, "relu"),
                layers.Dense(256, "relu"),
                layers.Dense(10, "softmax"),
            ]
        )
        net.compile("adam", "sparse_categorical_crossentropy")
    elif model == "cnn":
        net = dtrain.Sequential(
            [
                dtrain.Input((28, 28, 1)),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(64, "relu"),
                layers.Dense(32, "relu"),
                layers.Dense(10, "softmax"),
            ]
        )
        net.compile("adam", "sparse_categorical_crossentropy")
    else:
        words = dtrain.Input((WORDS,), dtype="int32", name="main_input")
        state = layers.LSTM(32)(layers.Embedding(VOCABULARY, 512)(words))
        early = layers.Dense(1, "sigmoid", name="aux_output")(state)
        extra = dtrain.Input((5,), name="aux_input")
        hidden = layers.concatenate([state, extra])
        for _ in range(3):
            hidden = layers.Dense(64, "relu")(hidden)
        late = layers.Dense(1, "sigmoid", name="main_output")(hidden)
        net = dtrain.Model([words, extra], [late, early])
        net.compile("adam", "binary_crossentropy", loss_weights=[1.0, 0.2])
    x, y = data(model, batch)
    inputs, targets = (x, y) if len(x) > 1 else (x[0], y[0])
    return lambda: net.train_on_batch(inputs, targets)


def torch_step(model: str, batch: int) -> Step:
    """One training step of PyTorch, eager, written as its documentation does."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(OPTIONS.threads)
    torch.manual_seed(0)
    x, y = data(model, batch)
    if model == "lstm":
        net: Any = _TorchText(torch, nn)
        inputs = [torch.from_numpy(x[0].astype(np.int64)), torch.from_numpy(x[1])]
        targets = [torch.from_numpy(t) for t in y]

        def loss() -> Any:
            late, early = net(*inputs)
            whole = functional.binary_cross_entropy(late, targets[0])
            return whole + 0.2 * functional.binary_cross_entropy(early, targets[1])
    else:
        sizes = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10)]
        if model == "cnn":
            sizes = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, 64), nn.ReLU()]
            sizes += [nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)]
        net = nn.Sequential(*sizes)
        image = torch.from_numpy(x[0].transpose(0, 3, 1, 2).copy() if model == "cnn" else x[0])
        labels = torch.from_numpy(y[0])

        def loss() -> Any:
            return functional.cross_entropy(net(image), labels)

    optimizer = torch.optim.Adam(net.parameters())

    def step() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return float(value)

    return step


def _TorchText(torch: Any, nn: Any) -> Any:
    class Text(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(VOCABULARY, 512)
            self.lstm = nn.LSTM(512, 32, batch_first=True)
            self.early = nn.Linear(32, 1)
            self.hidden = nn.Sequential(
                nn.Linear(37, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()
            )
            self.late = nn.Linear(64, 1)

        def forward(self, words: Any, extra: Any) -> Any:
            state = self.lstm(self.embedding(words))[0][:, -1]
            hidden = self.hidden(torch.cat([state, extra], dim=1))
            return torch.sigmoid(self.late(hidden)), torch.sigmoid(self.early(state))

    return Text()


def seconds(step: Step, count: int) -> float:
    """Seconds of one step, the median of `count`."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compare(model: str, sides: dict[str, Callable[[str, int], Step]]) -> None:
    """Let the sides take turns and print a row."""
    steps = {name: make(model, OPTIONS.batch) for name, make in sides.items()}
    for step in steps.values():
        for _ in range(3):
            step()
    rounds = [{name: seconds(step, OPTIONS.steps) for name, step in steps.items()} for _ in range(OPTIONS.rounds)]
    cells = [f"{model:5}"]
    for name in steps:
        median = statistics.median(r[name] for r in rounds)
        cells.append(f"{name} {OPTIONS.batch / median:9.0f} samples/s {median * 1e3:7.2f} ms")
    if len(steps) > 1:
        ratio = statistics.median(r["pytorch"] / r["dtrain"] for r in rounds)
        cells.append(f"dtrain/pytorch {ratio:5.2f} x")
    print("   ".join(cells), flush=True)


def show_memory(model: str) -> None:
    """Print the most that one step holds on top of what was there before it, and the largest single allocation."""
    import tracemalloc

    step = dtrain_step(model, OPTIONS.batch)
    for _ in range(3):
        step()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    smallest = min(a.nbytes for a in data(model, OPTIONS.batch)[0] if a.nbytes > 4 * OPTIONS.batch)
    print(
        f"{model:5}   a step allocates at most {peak / 1024:.0f} KiB; its smallest input has {smallest / 1024:.0f} KiB"
    )


def main() -> None:
    """Run what the command line asks for."""
    if OPTIONS.memory:
        for model in OPTIONS.models:
            show_memory(model)
        return
    sides: dict[str, Callable[[str, int], Step]] = {"dtrain": dtrain_step}
    try:
        import torch

        sides["pytorch"] = torch_step
        beside = f"PyTorch {torch.__version__}"
    except ImportError:
        beside = "PyTorch is not installed"
    print(
        f"batch {OPTIONS.batch}, {OPTIONS.threads} thread(s), {OPTIONS.rounds} rounds of {OPTIONS.steps} steps, "
        f"NumPy {np.__version__}, {beside}"
    )
    for model in OPTIONS.models:
        compare(model, sides)


if __name__ == "__main__":
    main()
