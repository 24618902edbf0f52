"""One process of a data-parallel measurement, started by mpirun (dtrain) or torchrun (PyTorch)."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

RESULT = "RESULT "
SIDES = ("dtrain", "ddp", "sums")
_WARM_UP = 5


def main(side: str, *arguments: str) -> None:
    """Measure as `side`; rank 0 prints a line of JSON after `RESULT`.

    `dtrain` and `ddp` take the model, the rows of a step on each process or, with "strong", on all of them together,
    the kind of scaling, the number of steps and a quantile; `sums` the number of rounds and a quantile.
    """
    if side == "sums":
        found = measure_sums(int(arguments[0]), float(arguments[1]))
    else:
        model, rows, scaling, steps, quantile = arguments
        measure = {"dtrain": measure_dtrain, "ddp": measure_ddp}[side]
        found = measure(model, int(rows), scaling == "weak", int(steps), float(quantile))
    if found is not None:
        print(RESULT + json.dumps(found), flush=True)


def measure_dtrain(model: str, rows: int, each: bool, steps: int, quantile: float) -> dict[str, Any] | None:
    """Quantiles of a training step and of its phases, in ms; None on other ranks than the first."""
    import dtrain
    from dtrain.benchmarks.models import MODELS, one_or_list
    from dtrain.benchmarks.phase_times import PhaseTimes
    from dtrain.distributed import world

    ranks = world()
    dtrain.utils.set_random_seed(0)
    net = MODELS[model].build(dtrain)
    x, y = (one_or_list(arrays) for arrays in MODELS[model].data(rows * (ranks.workers if each else 1)))
    for _ in range(_WARM_UP):
        net.train_on_batch(x, y)
    found: dict[str, list[float]] = {"step": []}
    with PhaseTimes() as phases:
        for _ in range(steps):
            ranks.Barrier()
            phases.seconds.clear()
            start = time.perf_counter()
            net.train_on_batch(x, y)
            found["step"].append(time.perf_counter() - start)
            for phase in ("compute", "reduce", "update", "wait"):
                found.setdefault(phase, []).append(phases.seconds[phase])
    shown = {name: 1e3 * _quantile(values, quantile) for name, values in found.items()}
    return {**shown, "way": net._get_session().reduction.name} if ranks.rank == 0 else None


def measure_ddp(model: str, rows: int, each: bool, steps: int, quantile: float) -> dict[str, Any] | None:
    """The same step with PyTorch's DistributedDataParallel over gloo."""
    import torch
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    from dtrain.benchmarks import torch_models
    from dtrain.benchmarks.models import MODELS

    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    rank, size = distributed.get_rank(), distributed.get_world_size()
    net = DistributedDataParallel(torch_models.build(model))
    optimizer = torch.optim.Adam(net.parameters())
    own = rows if each else max(1, rows // size)
    inputs, targets = (torch_models.tensors(arrays) for arrays in MODELS[model].data(own))
    times = []
    for _ in range(_WARM_UP + steps):
        distributed.barrier()
        start = time.perf_counter()
        optimizer.zero_grad()
        torch_models.loss(net, inputs, targets).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    distributed.destroy_process_group()
    return {"step": 1e3 * _quantile(times[_WARM_UP:], quantile)} if rank == 0 else None


def measure_sums(rounds: int, quantile: float) -> dict[str, Any] | None:
    """Quantiles of the sum of arrays of 4 KB to 16 MB, in us, by the way it is done; all take turns."""
    import numpy as np

    from dtrain.distributed import world
    from dtrain.distributed.reduction import Allreduce
    from dtrain.distributed.shared_reduction import SharedMemory

    ranks = world()
    table = {}
    for kilobytes in (4, 16, 64, 100, 256, 440, 1000, 4000, 16000):
        count = 256 * kilobytes
        ways = {
            "Allreduce": Allreduce(ranks),
            "shared": SharedMemory(ranks, sharded=False),
            "sharded": SharedMemory(ranks, sharded=True),
        }
        for way in ways.values():
            way.gradients(count, np.float32)
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                for _ in range(max(3, min(20, 20_000 // kilobytes))):
                    way.own_gradients.fill(1)  # as a backward pass does: no rank has the others' values in its cache
                    ranks.Barrier()
                    start = time.perf_counter()
                    way.add(slice(0, count))
                    way.publish()
                    times[name].append(time.perf_counter() - start)
        table[kilobytes] = {name: 1e6 * _quantile(values, quantile) for name, values in times.items()}
    return {"library": ranks.name, "ranks": ranks.size, "us": table} if ranks.rank == 0 else None


def _quantile(values: list[float], quantile: float) -> float:
    return sorted(values)[int(quantile * (len(values) - 1))]


if __name__ == "__main__":
    main(*sys.argv[1:])
