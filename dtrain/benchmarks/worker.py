"""A process that measures one side of one task, a turn for each line it reads; see `turns`."""

from __future__ import annotations

import os
import sys


def main(side: str, task: str, model: str, batch: str, steps: str, threads: str) -> None:
    """Prepare, print "ready", then print the seconds of a turn for each line of standard input."""
    _keep_to_cores(int(threads))
    if side == "pytorch":
        import torch

        torch.set_num_threads(int(threads))
    from .tasks import prepare

    turn = prepare(side, task, model, int(batch), int(steps))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(turn(), flush=True)


def _keep_to_cores(count: int) -> None:
    """As many cores as threads, the same for every side: not every library can be told a number of threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-count:])


if __name__ == "__main__":
    main(*sys.argv[1:])
