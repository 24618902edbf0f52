"""What a case is, and how it is tried: the fault, what must come of it, and the run that follows."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.torture.jobs import PROGRAM, Job, Outcome

TIMEOUT_S = 90.0
DONE, FAILED = "ends well", "ends with an error"


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
        family: the MPI that it needs; "": any.
        act: what is done to the job while it runs.
        check: looks at the folder at the end and returns what is wrong.
        environment: variables of the job.
        launcher: what starts the processes, in place of mpirun.
        again: arguments of the job that is started again, if others.
        ranks_again: its number of processes, if another.
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
    family: str = ""
    act: Callable[[Job, Path], None] | None = None
    check: Callable[[Path, Outcome], list[str]] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    launcher: Sequence[str] | None = None
    again: Sequence[str] | None = None
    ranks_again: int | None = None


@dataclass
class Result:
    """What was wrong with a case, nothing if it was survived, and the times."""

    case: Case
    problems: list[str]
    elapsed_s: float
    after_fault_s: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)


@cache
def undisturbed(ranks: int, arguments: tuple[str, ...]) -> str:
    """The digest of a run that is left alone."""
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        outcome = start(folder, ranks, arguments).wait(TIMEOUT_S)
        if outcome.status != 0:
            raise RuntimeError(f"a run without faults failed:\n{outcome.text}")
        return digests(folder)[0]


def start(
    folder: Path,
    ranks: int,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    launcher: Sequence[str] | None = None,
) -> Job:
    """Start the program in `folder`."""
    words = [str(PROGRAM), str(folder / "run"), *arguments]
    return Job(words, ranks, folder / "tmp", environment or {}, launcher)


def digests(folder: Path) -> list[str]:
    """The digests that ranks ended with, each once."""
    found = sorted((folder / "run").glob("result.*.json"))
    return sorted({json.loads(path.read_text())["digest"] for path in found})


def attempt(case: Case) -> Result:
    """Try a case and say what was wrong."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        variables = {**case.environment, **({"DTRAIN_FAULT": case.fault} if case.fault else {})}
        job = start(folder, case.ranks, case.arguments, variables, case.launcher)
        try:
            if case.act is not None:
                case.act(job, folder)
        finally:
            outcome = job.wait(TIMEOUT_S)
        problems = _first_problems(case, outcome, folder)
        outcomes = [outcome]
        if case.check is not None and not problems:
            problems += case.check(folder, outcome)
        if case.resumed and not problems:
            problems += _resume(case, folder, outcomes)
    return Result(case, problems, time.monotonic() - began, outcome.after_fault_s, outcomes)


def _first_problems(case: Case, outcome: Outcome, folder: Path) -> list[str]:
    if outcome.status is None:
        return [f"did not end within {TIMEOUT_S} s"]
    problems = []
    if case.ends == DONE:
        right = outcome.status == 0
    elif case.ends == FAILED:
        right = outcome.status != 0
    else:
        right = outcome.status in case.ends
    if not right:
        problems.append(f"exit status {outcome.status}, expected: {case.ends}")
    problems += [f"does not say {word!r}" for word in case.says if word not in outcome.text]
    if case.fault and outcome.after_fault_s is None:
        problems.append("the fault did not strike")
    if case.ends != DONE and outcome.after_fault_s is not None and outcome.after_fault_s > case.within_s:
        problems.append(f"ended {outcome.after_fault_s:.1f} s after the fault, expected: {case.within_s} s")
    if case.ends == DONE and digests(folder) != [undisturbed(case.ranks, _numbers(case.arguments))]:
        problems.append(f"ends with other numbers: {digests(folder)}")
    return problems + [f"left behind: {thing}" for thing in outcome.left]


def _resume(case: Case, folder: Path, outcomes: list[Outcome]) -> list[str]:
    ranks = case.ranks_again or case.ranks
    arguments = _without_faults(case.arguments) if case.again is None else case.again
    outcome = start(folder, ranks, arguments).wait(TIMEOUT_S)
    outcomes.append(outcome)
    if outcome.status != 0:
        return [f"started again: exit status {outcome.status}"]
    expected = [undisturbed(case.ranks, _numbers(arguments))]
    wrong = [] if digests(folder) == expected else [f"started again: ends with other numbers: {digests(folder)}"]
    temporaries = [path.name for path in (folder / "run" / "states").iterdir() if ".tmp." in path.name]
    return [*wrong, *(f"left behind: {name}" for name in temporaries), *(f"left behind: {x}" for x in outcome.left)]


_FAULTS = {"--fail", "--differ", "--odd", "--pace", "--on-error"}


def _without_faults(arguments: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _FAULTS:
            next(words)
        else:
            kept.append(word)
    return tuple(kept)


def _numbers(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments that make a difference to the numbers."""
    return _without_faults(arguments)
