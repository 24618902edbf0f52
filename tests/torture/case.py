"""What a case is: a fault, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.mpi.launcher import is_open_mpi
from tests.torture.jobs import PROGRAM, Job, Outcome

DONE, FAILED = "ends well", "ends with an error"


def nothing() -> str:
    """Nothing is missing."""
    return ""


def open_mpi() -> str:
    """What is missing for a case of Open MPI alone."""
    return "" if is_open_mpi() else "needs Open MPI"


@dataclass(frozen=True)
class Case:
    """One fault and what must come of it.

    Args:
        name: what `--only` takes.
        item: section and number of the list of faults.
        fault: text of `DTRAIN_FAULT`.
        arguments: of the program.
        ranks: number of processes.
        ends: `DONE`, `FAILED`, or the exit statuses of which one is right.
        says: what the output must hold.
        within_s: from the fault to the end of the job.
        resumed: whether the job is then started again without the fault, and must end as one that was left alone.
        quick: whether it belongs to the selection of the test suite.
        needs: says what is missing for it here; "" if nothing is.
        before: prepares the folder, and holds what it holds until the end.
        act: what is done to the job while it runs; returns what was wrong.
        check: looks at the folder at the end and returns what is wrong.
        environment: variables of the job.
        launcher: what starts the processes, in place of mpirun.
        through: what starts the launcher.
        program: what runs, in place of the usual training.
        between: as `before`, once the first job has ended.
        again: arguments of the job that is started again, if others.
        ranks_again: its number of processes, if another.
        ends_again: how it ends.
        says_again: what its output must hold.
        check_again: as `check`, at the end of that job.
    """

    name: str
    item: str
    fault: str = ""
    arguments: Sequence[str] = ()
    ranks: int = 2
    ends: str | tuple[int, ...] = FAILED
    says: Sequence[str] = ()
    within_s: float = 5.0
    resumed: bool = True
    quick: bool = False
    needs: Callable[[], str] = nothing
    before: Callable[[Path], AbstractContextManager[Any] | None] | None = None
    act: Callable[[Job, Path], list[str] | None] | None = None
    check: Callable[[Path, Outcome], list[str]] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    launcher: Sequence[str] | None = None
    through: Sequence[str] = ()
    program: Path = PROGRAM
    between: Callable[[Path], AbstractContextManager[Any] | None] | None = None
    again: Sequence[str] | None = None
    ranks_again: int | None = None
    ends_again: str = DONE
    says_again: Sequence[str] = ()
    check_again: Callable[[Path, Outcome], list[str]] | None = None

    @property
    def may_end_well(self) -> bool:
        """Whether training may go on in spite of the fault, so that it does not end at once."""
        return self.ends == DONE or (isinstance(self.ends, tuple) and 0 in self.ends)
