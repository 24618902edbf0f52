"""Work that one process does for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.distributed.communicator import Communicator, T


def on_main(communicator: Communicator, action: Callable[[], T]) -> T:
    """Return on all ranks what `action` returns on rank 0, the only one that calls it; its error is raised by all."""
    result: Any = None
    error: Exception | None = None
    if communicator.rank == 0:
        try:
            result = action()
        except Exception as caught:
            error = caught
    result, error = communicator.bcast((result, error))
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
