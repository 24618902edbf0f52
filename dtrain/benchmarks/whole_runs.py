"""Measurements that take a process from its start: the time until the first step, and the most memory of an epoch."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from .models import MODELS, one_or_list
from .sides import Side, package

RUNS = ("start", "memory")
"""Seconds from the start of the process to the end of the first step; MiB at most, of an epoch over 60,000 images."""

_ROWS = 60_000
_BATCH = 128


def measure_run(run: str, side: Side, model: str, threads: int) -> float:
    """Start a process of the side and return what `run` measures.

    Raises:
        RuntimeError: the process has failed; with what it wrote.
    """
    command = [sys.executable, "-m", __name__, run, side.name, model, str(threads)]
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=side.environment(threads)
    ) as process:
        assert process.stdout is not None and process.stderr is not None  # noqa: S101 - pipes were asked for
        line = ""
        for line in process.stdout:
            if line.startswith("done"):
                break
        seconds = time.perf_counter() - start
        errors = process.stderr.read()
    if not line.startswith("done"):
        raise RuntimeError(f"{side.described} ended:\n{errors[-2000:]}")
    return seconds if run == "start" else float(line.split()[1]) / 1024


def main(run: str, side: str, model: str, threads: str) -> None:
    """Do the run and print "done" with the peak of this process's memory in KiB."""
    if side == "pytorch":
        import torch

        torch.set_num_threads(int(threads))
        _torch_steps(model)(run == "memory")
    else:
        _keras_steps(side, model)(run == "memory")
    import resource

    print("done", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


def _keras_steps(side: str, model: str) -> Callable[[bool], object]:
    net = MODELS[model].build(package(side))

    def steps(epoch: bool) -> object:
        if not epoch:
            x, y = (one_or_list(arrays) for arrays in MODELS[model].data(_BATCH))
            return net.train_on_batch(x, y)
        x, y = (one_or_list(arrays) for arrays in MODELS[model].data(_ROWS))
        return net.fit(x, y, batch_size=_BATCH, epochs=1, verbose=0)

    return steps


def _torch_steps(model: str) -> Callable[[bool], object]:
    import torch

    from . import torch_models

    net = torch_models.build(model)
    optimizer = torch.optim.Adam(net.parameters())

    def steps(epoch: bool) -> object:
        rows = _ROWS if epoch else _BATCH
        inputs, targets = (torch_models.tensors(arrays) for arrays in MODELS[model].data(rows))
        order = torch.randperm(rows)
        for start in range(0, rows, _BATCH):
            chosen = order[start : start + _BATCH]
            optimizer.zero_grad()
            value = torch_models.loss(net, [a[chosen] for a in inputs], [a[chosen] for a in targets])
            value.backward()
            optimizer.step()
        return float(value)

    return steps


if __name__ == "__main__":
    main(*sys.argv[1:])
