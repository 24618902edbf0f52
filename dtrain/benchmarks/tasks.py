"""What one side does in its turn: a call that does the whole of it and returns the seconds of each repetition."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from .models import MODELS, one_or_list
from .sides import package

TASKS = ("train", "fit", "predict")
"""Single training steps; whole epochs of `fit`; outputs of single batches."""

Call = Callable[[], object]


def prepare(side: str, task: str, model: str, batch: int, steps: int) -> Callable[[], float]:
    """Return what measures one turn: seconds of a batch (for `fit`, of an epoch of `steps` batches divided by them)."""
    if side == "pytorch":
        call = _torch_call(task, model, batch)
    else:
        call = _keras_call(package(side), task, model, batch, steps)
    for _ in range(1 if task == "fit" else 3):
        call()
    return (lambda: _seconds(call) / steps) if task == "fit" else (lambda: _median(call, steps))


def _keras_call(keras: Any, task: str, model: str, batch: int, steps: int) -> Call:
    benchmark = MODELS[model]
    keras.utils.set_random_seed(0)
    net = benchmark.build(keras)
    x, y = (one_or_list(arrays) for arrays in benchmark.data(batch * steps if task == "fit" else batch))
    if task == "fit":
        return lambda: net.fit(x, y, batch_size=batch, epochs=1, verbose=0)
    if task == "predict":
        return lambda: net.predict_on_batch(x)
    return lambda: net.train_on_batch(x, y)


def _torch_call(task: str, model: str, batch: int) -> Call:
    import torch

    from . import torch_models

    if task == "fit":
        raise ValueError("pytorch has no `fit`. Measure it with `train`, or Keras's backends with `fit`")
    net = torch_models.build(model)
    inputs, targets = (torch_models.tensors(arrays) for arrays in MODELS[model].data(batch))
    if task == "predict":
        net.eval()

        def outputs() -> Any:
            with torch.no_grad():
                return net(*inputs)

        return outputs
    optimizer = torch.optim.Adam(net.parameters())

    def step() -> float:
        optimizer.zero_grad()
        value = torch_models.loss(net, inputs, targets)
        value.backward()
        optimizer.step()
        return float(value)

    return step


def _seconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _median(call: Call, count: int) -> float:
    return statistics.median(_seconds(call) for _ in range(count))
