"""Threads of the linear-algebra library: the cores of this host divided by the processes on it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dtrain.distributed.launcher import Launch, detect

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OMP_NUM_THREADS",
)


@dataclass(frozen=True)
class ThreadPlan:
    """How many threads this process computes with, and who decided.

    Attributes:
        threads: number of threads; None where dtrain leaves the library's own choice.
        decided_by: `"library"` (one process: all its cores), `"user"` (a variable was set), `"environment"` (dtrain set
            the variables before NumPy loaded), `"threadpoolctl"` (NumPy was loaded already), or `"nobody"` (loaded
            already and threadpoolctl is not installed).
        detail: the variable or the rule, in words.
    """

    threads: int | None
    decided_by: str
    detail: str


def apply(launch: Launch | None = None) -> ThreadPlan:
    """Give this process its share of the host's cores and return what was decided.

    Does nothing in a process that runs alone. Under a launcher, P processes that each start one thread per core would
    slow one another down; so each gets `cores // local_size` (see `cores.share`), unless the user has set a variable of
    `VARIABLES`.
    """
    launch = detect() if launch is None else launch
    if not launch.parallel:
        return ThreadPlan(None, "library", "one process uses all its cores")
    chosen = next((name for name in VARIABLES if os.environ.get(name)), None)
    if chosen is not None:
        value = os.environ[chosen]
        return ThreadPlan(int(value) if value.isdecimal() else None, "user", f"{chosen}={value}")

    from dtrain.distributed.cores import share
    from dtrain.distributed.spares import spares_of_host

    spares = spares_of_host(launch)
    threads = share(launch.local_size, spares)
    beside = f", {spares} of them spare" if spares else ""
    detail = f"share of one of {launch.local_size} processes on this host{beside}"
    if "numpy" not in sys.modules:
        os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
        return ThreadPlan(threads, "environment", detail)
    if _limit_loaded_libraries(threads):
        return ThreadPlan(threads, "threadpoolctl", detail)
    if launch.rank == 0:
        warnings.warn(
            f"dtrain: NumPy was imported before dtrain, so its threads could not be limited to {threads} per process. "
            "Import dtrain first, or set OMP_NUM_THREADS, or: pip install threadpoolctl",
            RuntimeWarning,
            stacklevel=2,
        )
    return ThreadPlan(None, "nobody", "NumPy was imported before dtrain and threadpoolctl is not installed")


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block, the linear-algebra library uses one thread: the bits of its results depend on their number.

    Warns where that cannot be done: threadpoolctl does not know the library, and no variable set its threads to 1.
    """
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController().select(user_api="blas")
    with libraries.limit(limits=1):
        counts = [library["num_threads"] for library in libraries.info()]
        if set(counts) != {1} and (counts or not any(os.environ.get(name) == "1" for name in VARIABLES)):
            warnings.warn(
                "dtrain: the threads of NumPy's linear-algebra library could not be set to 1, so bits may differ "
                "between runs. Set the library's variable before Python starts, such as VECLIB_MAXIMUM_THREADS=1",
                RuntimeWarning,
                stacklevel=3,
            )
        yield


def _limit_loaded_libraries(threads: int) -> bool:
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return False
    threadpool_limits(limits=threads)
    return True
