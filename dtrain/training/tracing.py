"""A trace of all processes in one file: `DTRAIN_TRACE=trace.json`.

```
DTRAIN_TRACE=trace.json            events in JSON; trace.json.gz: compressed
DTRAIN_TRACE_STEPS=10:60           only these training steps, all calls of `fit` counted together, from 0
```

Without steps, everything is recorded from the first step (or `evaluate`, `predict`) on, until there are a million
events of all processes together, or 100,000 of one. Where steps are so short that this would take more than 2 % of
their time, only 16 steps of 32, 64, 128, ... are recorded; steps that were asked for all are.

The file is written when the steps are over, else when the program ends: by rank 0, which decides what is recorded, from
what it gets from the others. Where the program ends by an error, each process that still can writes its own part beside
the file, and these are put together if all are there.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.delegation import on_main
from dtrain.timeline.chrome import part_path
from dtrain.timeline.merge import parts_of
from dtrain.timeline.recorder import Window

from .job_trace import JobTrace

VARIABLE, STEPS_VARIABLE = "DTRAIN_TRACE", "DTRAIN_TRACE_STEPS"
EVENTS, EVENTS_OF_ONE = 1_000_000, 100_000

_asked = False


def start_tracing(communicator: Communicator, path: str | None = None, steps: str | None = None) -> None:
    """Record what this process does from now on, if rank 0 has been told to. Every process must call it.

    What the environment says is done by the first call, of whatever kind.

    Args:
        communicator: all processes.
        path: of the file; None: what the environment says.
        steps: as in the environment; None: what that says.

    Raises:
        ValueError: on all processes, if the file cannot be written or the steps are none.
    """
    global _asked
    if _asked and path is None:
        return
    _asked = True
    environment = os.environ.get(VARIABLE), os.environ.get(STEPS_VARIABLE, "")
    text, chosen = communicator.bcast((path or environment[0], environment[1] if steps is None else steps))
    if not text:
        return
    file = Path(text).absolute()
    on_main(communicator, lambda: _check_writable(file))
    limit = min(EVENTS_OF_ONE, EVENTS // communicator.size)
    JobTrace(communicator, file, replace(window(chosen), limit=2 * limit)).start()


def window(text: str) -> Window:
    """The steps that `DTRAIN_TRACE_STEPS` says: "10:60", "10:" or ":60"; all if it is empty.

    Raises:
        ValueError: it says none.
    """
    match = re.fullmatch(r"\s*(\d*)\s*:\s*(\d*)\s*", text or ":")
    found = None if match is None else Window(int(match[1] or 0), int(match[2]) if match[2] else None, thin=not text)
    if found is None or (found.stop is not None and found.stop <= found.first):
        raise ValueError(f"Steps to trace: expected FIRST:STOP, counted from 0, such as 10:60. Received: {text!r}")
    return found


def _check_writable(path: Path) -> None:
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "Is a directory")
        beside = part_path(path, 0)
        with beside.open("ab"):
            pass
        beside.unlink()
        for part in parts_of(path).values():  # of an earlier run
            part.unlink()
    except OSError as error:
        raise ValueError(
            f"The trace {path} cannot be written: {error.strerror}. Give a file in a folder that is there"
        ) from None
