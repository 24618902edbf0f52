"""Work that one process does for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.distributed.communicator import Communicator, T


def on_main(communicator: Communicator, action: Callable[[], T]) -> T:
    """Return on all ranks what `action` returns on rank 0, the only one that calls it; its error is raised by all.

    In elastic mode, when rank 0 is lost meanwhile, the one that takes its place calls `action` too.
    """

    def once() -> Any:
        result: Any = None
        error: Exception | None = None
        if communicator.rank == 0:
            try:
                result = action()
            except Exception as caught:
                error = caught
        return communicator.bcast((result, error))

    found, raised = communicator.uniform(once)
    if raised is not None:
        raise raised
    return found  # type: ignore[no-any-return]
