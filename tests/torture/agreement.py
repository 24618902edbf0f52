"""B. Agreement: ranks that differ, calls that not all make, and weights that drift apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.mpi.launcher import is_open_mpi
from tests.torture.case import DONE, FAILED, Case
from tests.torture.checks import one_traceback

CALLS = Path(__file__).with_name("calls.py")

DIFFERENCES = {
    "units": ("units = 7", "hidden/kernel: rank 1 has"),
    "layers": ("deeper = True", "number of operations in the plan: rank 1 has"),
    "order": ("swapped = True", "operation"),
    "dtype": ("dtype = np.float64", "float64"),
    "rate": ("rate = 0.3", "optimizer learning_rate: rank 1 has"),
    "optimizer": ("optimizer = dtrain.optimizers.SGD", "optimizer: rank 1 has"),
    "batch": ("batch = 4", "batch_size of the training data: rank 1 has"),
    "seed": ("seed = 9", "seed: rank 1 has"),
    "rows": ("rows = 45", "rows of the training data: rank 1 has"),
    "epochs": ("epochs = 5", "epochs: rank 1 has"),
    "version": ("dtrain.__version__ = '99.0'", "dtrain version: rank 1 has"),
    "numpy": ("np.__version__ = '99.0'", "numpy version: rank 1 has"),
}
"""Statements of rank 1, and what is then said."""


def cases() -> Iterator[Case]:
    """Every case of agreement."""
    for field, (statement, says) in DIFFERENCES.items():
        yield Case(
            f"other-{field}", "B10", arguments=("--differ", statement), says=["Ranks differ", says],
            check=one_traceback, resumed=False,
        )  # fmt: skip
    yield from _calls()
    yield Case(
        "drifted-weight", "B12", arguments=("--fail", "drift 7"), says=["hidden/kernel", "after step 8"],
        environment={"DTRAIN_REDUCTION": "allreduce", "DTRAIN_CHECK_STEPS": "4"}, quick=True,
    )  # fmt: skip
    foreign = (
        {"PMI_SIZE": "2", "MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0", "PMI_RANK": "0"}
        if is_open_mpi()
        else {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}
    )
    yield Case(
        "launcher-of-another-mpi", "B13", ranks=1, environment=foreign, says=["started 2 processes", "pip install"],
        resumed=False,
    )  # fmt: skip


def _calls() -> Iterator[Case]:
    """Calls of dtrain and of MPI that the ranks do not make alike."""
    for name, says in (
        ("one-evaluates", "rank 1"),
        ("one-ends", "rank 1"),
        ("one-exchanges", "Ranks make different calls"),
        ("swapped-calls", "Ranks differ"),
        ("one-stops-training", "rank 1"),
    ):
        yield Case(
            f"calls-{name}", "B11", arguments=(name,), program=CALLS, ends=FAILED, says=[says], resumed=False,
            within_s=12.0, environment={"DTRAIN_STALL_S": "1", "DTRAIN_STALL_ABORT_S": "2"},
        )  # fmt: skip
    for name in ("own-sums", "one-saves"):
        yield Case(f"calls-{name}", "B11", arguments=(name,), program=CALLS, ends=DONE, resumed=False)
