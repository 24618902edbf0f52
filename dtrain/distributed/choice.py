"""Which reduction a run uses: the one asked for, else shared memory where it can be had."""

from __future__ import annotations

from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.console import say
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.reduction import Allreduce, Reduction, SharedMemory

REDUCTIONS = ("auto", "allreduce", "shared")


def choose(
    communicator: Communicator, count: int, dtype: DTypeLike, shardable: bool, wanted: str = "auto"
) -> Reduction:
    """Return the reduction for `count` gradients; its `gradients` have been made. Every rank must call it.

    The choice is a rule and no measurement: the two add in different orders, and a run that is started again, or
    resumed, must end with the same bits. Shared memory was the faster one for every size that was measured.

    Args:
        communicator: the ranks.
        count: number of gradients.
        dtype: of the gradients.
        shardable: whether the optimizer can update a part of the flat arrays by itself.
        wanted: "allreduce", "shared", or "auto": shared memory if the ranks of a host can have it.

    Raises:
        ValueError: `wanted` is none of these.
        SharedMemoryError: "shared" was asked for and cannot be had.
    """
    if wanted not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}. Received: reduction={wanted!r}")
    if wanted != "allreduce" and communicator.size > 1:
        try:
            return _shared(communicator, count, dtype, shardable)
        except SharedMemoryError as error:
            if wanted == "shared":
                raise
            say(f"{error}: gradients are added by MPI's Allreduce")
    plain = Allreduce(communicator)
    plain.gradients(count, dtype)
    return plain


def _shared(communicator: Communicator, count: int, dtype: DTypeLike, shardable: bool) -> SharedMemory:
    if not communicator.even:  # parts of the same place would not match
        raise SharedMemoryError("The hosts have different numbers of ranks")
    if communicator.node.size == 1:
        raise SharedMemoryError("Each host has one rank")
    reduction = SharedMemory(communicator, sharded=shardable)
    reduction.gradients(count, dtype)
    return reduction
