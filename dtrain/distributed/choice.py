"""Which reduction a run uses: the one asked for, else shared memory where it can be had."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.console import say
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.guard import compare
from dtrain.distributed.reduction import Allreduce, Reduction
from dtrain.distributed.shared_reduction import SharedMemory

VARIABLE = "DTRAIN_REDUCTION"
REDUCTIONS = ("auto", "allreduce", "shared", "bf16")


def wanted_reduction(given: str = "auto") -> str:
    """Return `given`, checked; for "auto" what the environment variable `DTRAIN_REDUCTION` names, if it is set.

    Raises:
        ValueError: it is none of `REDUCTIONS`.
    """
    _check("reduction", given)
    return given if given != "auto" else _check(VARIABLE, os.environ.get(VARIABLE, "auto"))


def _check(source: str, wanted: str) -> str:
    if wanted not in REDUCTIONS:
        raise ValueError(f"{source} must be one of {', '.join(REDUCTIONS)}. Received: {source}={wanted!r}")
    return wanted


def choose(
    communicator: Communicator, count: int, dtype: DTypeLike, shardable: bool, wanted: str = "auto"
) -> Reduction:
    """Return the reduction for `count` gradients; its `gradients` have been made. Every rank must call it.

    The choice is a rule and no measurement: the ways add in different orders, and a run that is started again, or
    resumed, must end with the same bits. Shared memory was the faster one for every size that was measured, and
    slices between hosts for all but the smallest.

    Args:
        communicator: the ranks.
        count: number of gradients.
        dtype: of the gradients.
        shardable: whether the optimizer can update a part of the flat arrays by itself.
        wanted: "allreduce": MPI's sum; "shared": shared memory within hosts, slices between them; "auto": the same,
            or MPI's sum if the ranks of a host cannot share memory; "bf16": as "auto", but between hosts gradients
            travel as bfloat16, and are added as float32 (see `SliceExchange`).

    Raises:
        ValueError: `wanted` is none of these, or "bf16" with gradients that are not float32.
        SharedMemoryError: "shared" was asked for and cannot be had.
        DesyncError: not all ranks want the same.
    """
    _check("reduction", wanted)
    if communicator.size > 1:
        compare(communicator, {"reduction": wanted})
    reduction = _make(communicator, count, dtype, shardable, wanted)
    if wanted != "auto" and communicator.size > 1:
        say(f"Gradients are added by {reduction.name} (reduction={wanted!r})")
    return reduction


def _make(communicator: Communicator, count: int, dtype: DTypeLike, shardable: bool, wanted: str) -> Reduction:
    if wanted != "allreduce" and communicator.size > 1:
        try:
            reduction = SharedMemory(communicator, shardable, _compressed(communicator, dtype, wanted))
            reduction.gradients(count, dtype)
            return reduction
        except SharedMemoryError as error:
            if wanted == "shared":
                raise
            say(f"{error}: gradients are added by MPI's Allreduce")
    plain = Allreduce(communicator)
    plain.gradients(count, dtype)
    return plain


def _compressed(communicator: Communicator, dtype: DTypeLike, wanted: str) -> bool:
    if wanted != "bf16":
        return False
    if np.dtype(dtype) != np.float32:
        raise ValueError(f"reduction='bf16' rounds float32 gradients. Received: gradients of dtype {np.dtype(dtype)}")
    if communicator.elastic:
        say("In elastic mode gradients travel as they are, and not as bfloat16")
    return not communicator.elastic
