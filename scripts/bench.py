#!/usr/bin/env python3
"""Times dtrain beside PyTorch and Keras, and holds the ratios against stored ones.

    python scripts/bench.py                         # the tables of the README: some minutes
    python scripts/bench.py --check                 # fails where dtrain has become slower by more than 15 %
    python scripts/bench.py --write                 # stores the ratios for --check
    python scripts/bench.py --profile cnn           # where the time of a step goes, beside the limits of the machine
    python scripts/bench.py --memory                # what a step of each model allocates

What is installed takes part: PyTorch, and Keras with TensorFlow, JAX or PyTorch. All sides take turns, round by round,
in processes of their own with as many cores as threads, so that a machine whose speed drifts treats them alike; the
tables show medians over the rounds and the medians of the rounds' ratios. `dtrain bench models` measures what you name.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dtrain.benchmarks.models import MODELS
from dtrain.benchmarks.report import Ratios, choose_sides, describe, run
from dtrain.benchmarks.tasks import TASKS
from dtrain.benchmarks.whole_runs import RUNS

STORED = Path(__file__).with_name("bench_ratios.json")
TOLERANCE = 0.15


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=["train", "predict"], choices=[*TASKS, *RUNS])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--beside", nargs="+", default=["dtrain-numpy", "pytorch"], help="sides, or all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of turns (default 5)")
    parser.add_argument("--steps", type=int, default=20, help="steps of one turn, batches of an epoch (default 20)")
    parser.add_argument("--batch", type=int, help="rows of a step (default: the model's)")
    parser.add_argument("--check", action="store_true", help="compare ratios with the stored ones")
    parser.add_argument("--write", action="store_true", help="store the ratios")
    parser.add_argument("--profile", metavar="MODEL", choices=MODELS, help="time of each node of the plan")
    parser.add_argument("--memory", action="store_true", help="the largest allocations of a step")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> Ratios:
    """Print the tables and return the ratios."""
    sides = choose_sides(options.beside)
    print(describe(sides), flush=True)
    ratios: Ratios = {}
    for row, found in run(
        options.tasks, options.models, options.threads, sides, options.rounds, options.steps, options.batch
    ):
        print(row, flush=True)
        ratios.update(found)
    return ratios


def slower(now: Ratios, stored: Ratios) -> list[str]:
    """A line for each ratio that has fallen by more than the tolerance.

    Raises:
        SystemExit: nothing that was measured is stored.
    """
    common = [name for name in now if name in stored]
    if not common:
        raise SystemExit(f"none of what was measured is in {STORED}: is PyTorch installed? Store ratios with --write")
    return [
        f"{name}: {now[name]:.2f} x, stored {stored[name]:.2f} x"
        for name in common
        if now[name] < (1 - TOLERANCE) * stored[name]
    ]


def show_memory(model: str) -> None:
    """Print the most that one step holds on top of what was there before it."""
    import tracemalloc

    import dtrain
    from dtrain.benchmarks.models import one_or_list

    benchmark = MODELS[model]
    net = benchmark.build(dtrain)
    inputs, targets = benchmark.data(benchmark.batch)
    x, y = one_or_list(inputs), one_or_list(targets)
    for _ in range(3):
        net.train_on_batch(x, y)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    net.train_on_batch(x, y)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    print(
        f"{model:8} a step allocates at most {peak / 1024:.0f} KiB; its first input has {inputs[0].nbytes / 1024:.0f}"
    )


def main() -> None:
    """Do what the command line asks for."""
    options = arguments()
    if options.memory:
        for model in options.models:
            show_memory(model)
        return
    if options.profile:
        from dtrain.benchmarks.profile import show_profile

        show_profile(options.profile, options.batch)
        return
    ratios = measured(options)
    stored: Ratios = json.loads(STORED.read_text()) if STORED.exists() else {}
    if options.write:
        kept = dict(sorted({**stored, **{name: round(value, 2) for name, value in ratios.items()}}.items()))
        STORED.write_text(json.dumps(kept, indent=1) + "\n")
    if options.check:
        failed = slower(ratios, stored)
        print("\n".join(["Slower than stored:", *failed]) if failed else "No ratio has fallen by more than 15 %.")
        raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
