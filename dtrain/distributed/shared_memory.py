"""Memory that all processes of one host map: nothing lies in a file system, and nothing is left behind by a kill."""

from __future__ import annotations

import mmap
import os

import numpy as np
from numpy.typing import DTypeLike

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.errors import SharedMemoryError

_PAGE = 4096


def allocate_shared(node: Communicator, count: int, dtype: DTypeLike) -> Array:
    """Return `count` zeros that every process of `node`, a communicator of one host, sees and changes.

    Rank 0 makes an anonymous memory file (Linux, memfd_create(2)), which the others open through /proc. The pages are
    reserved at once, so that a lack of memory is an error here and not a crash later; they are given back when the last
    process has ended, however it ends.

    Raises:
        SharedMemoryError: on all ranks alike, when one of them cannot have the memory.
    """
    nbytes = max(1, count * np.dtype(dtype).itemsize)
    nbytes = -(-nbytes // _PAGE) * _PAGE
    descriptor, problem = -1, ""
    if node.rank == 0:
        try:
            descriptor = _reserve(nbytes)
        except (OSError, AttributeError) as error:
            problem = f"rank 0 of the host: {error}"
    owner, number, problem = node.bcast((os.getpid(), descriptor, problem))
    mapped: mmap.mmap | None = None
    if not problem:
        try:
            mapped = _map(owner, number, nbytes, node.rank == 0)
        except OSError as error:
            problem = f"rank {node.rank} of the host: {error}"
    problems = [text for text in node.allgather(problem) if text]
    if descriptor >= 0:
        os.close(descriptor)
    if problems or mapped is None:
        raise SharedMemoryError(f"No memory that the processes of this host share ({'; '.join(problems)})")
    return np.frombuffer(mapped, dtype, count)


def _reserve(nbytes: int) -> int:
    descriptor = os.memfd_create("dtrain")
    try:
        os.posix_fallocate(descriptor, 0, nbytes)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _map(owner: int, number: int, nbytes: int, own: bool) -> mmap.mmap:
    if own:
        return mmap.mmap(number, nbytes)
    descriptor = os.open(f"/proc/{owner}/fd/{number}", os.O_RDWR)
    try:
        return mmap.mmap(descriptor, nbytes)
    finally:
        os.close(descriptor)
