"""Who wants to know when each instruction of a model ran: asked once a run, so that others run without a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Listener = Callable[[Sequence[Any], Sequence[int]], None]
"""Takes instructions (None: no instruction, but word to others that gradients are ready) and times in ns of
`time.perf_counter_ns`: `times[k]` to `times[k + 1]` is the time of instruction `k`."""

_listener: Listener | None = None


def listen(listener: Listener | None) -> None:
    """Tell `listener` of all runs from now on; None: nobody."""
    global _listener
    _listener = listener


def listener() -> Listener | None:
    """Who is to be told of a run."""
    return _listener
