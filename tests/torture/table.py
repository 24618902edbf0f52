"""How a case is tried: the fault, what comes of it, and the run that follows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.case import DONE, FAILED, Case
from tests.torture.ends import TIMEOUT_S, digests, start, temporaries, undisturbed, without_faults
from tests.torture.jobs import PROGRAM, Job, Outcome


@dataclass
class Result:
    """What was wrong with a case, nothing if it was survived, and the times."""

    case: Case
    problems: list[str]
    elapsed_s: float
    after_fault_s: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)


def attempt(case: Case) -> Result:
    """Try a case and say what was wrong."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True)))
        _prepare(stack, case.before, folder)
        job = _start_first(case, folder)
        problems: list[str] = []
        try:
            if case.act is not None:
                problems += case.act(job, folder) or []
        finally:
            outcome = job.wait(TIMEOUT_S)
        problems += _first_problems(case, outcome, folder)
        outcomes = [outcome]
        if case.check is not None and not problems:
            problems += case.check(folder, outcome)
        if case.resumed and not problems:
            _prepare(stack, case.between, folder)
            problems += _resume(case, folder, outcomes)
    return Result(case, problems, time.monotonic() - began, outcome.after_fault_s, outcomes)


def _prepare(
    stack: ExitStack, prepare: Callable[[Path], AbstractContextManager[Any] | None] | None, folder: Path
) -> None:
    held = None if prepare is None else prepare(folder)
    if held is not None:
        stack.enter_context(held)


def _start_first(case: Case, folder: Path) -> Job:
    variables = {**case.environment, **({"DTRAIN_FAULT": case.fault} if case.fault else {})}
    through = [word.replace("FOLDER", str(folder)) for word in case.through]
    return start(
        folder, case.ranks, case.arguments, case.program,
        environment=variables, launcher=case.launcher, through=through,
    )  # fmt: skip


def _first_problems(case: Case, outcome: Outcome, folder: Path) -> list[str]:
    if outcome.status is None:
        return [f"did not end within {TIMEOUT_S} s"]
    problems = [*_wrong_end(case.ends, outcome), *_unsaid(case.says, outcome)]
    if case.fault and outcome.after_fault_s is None:
        problems.append("the fault did not strike")
    if not case.may_end_well and outcome.after_fault_s is not None and outcome.after_fault_s > case.within_s:
        problems.append(f"ended {outcome.after_fault_s:.1f} s after the fault, expected: {case.within_s} s")
    if case.ends == DONE and case.program == PROGRAM and outcome.status == 0:
        problems += _other_numbers(folder, case.ranks, case.arguments)
    return problems + [f"left behind: {thing}" for thing in outcome.left]


def _resume(case: Case, folder: Path, outcomes: list[Outcome]) -> list[str]:
    ranks = case.ranks_again or case.ranks
    arguments = without_faults(case.arguments) if case.again is None else case.again
    outcome = start(folder, ranks, arguments).wait(TIMEOUT_S)
    outcomes.append(outcome)
    problems = [*_wrong_end(case.ends_again, outcome), *_unsaid(case.says_again, outcome)]
    if case.ends_again == DONE and outcome.status == 0:
        problems += _other_numbers(folder, case.ranks, arguments)
        problems += temporaries(folder)
    problems += [f"left behind: {thing}" for thing in outcome.left]
    if case.check_again is not None and not problems:
        problems += case.check_again(folder, outcome)
    return [f"started again: {problem}" for problem in problems]


def _wrong_end(ends: str | tuple[int, ...], outcome: Outcome) -> list[str]:
    if ends == DONE:
        right = outcome.status == 0
    elif ends == FAILED:
        right = outcome.status not in (0, None)
    else:
        right = outcome.status in ends
    return [] if right else [f"exit status {outcome.status}, expected: {ends}"]


def _unsaid(says: Sequence[str], outcome: Outcome) -> list[str]:
    return [f"does not say {word!r}" for word in says if word not in outcome.text]


def _other_numbers(folder: Path, ranks: int, arguments: Sequence[str]) -> list[str]:
    expected = undisturbed(ranks, arguments).digest
    return [] if digests(folder) == [expected] else [f"ends with other numbers: {digests(folder)}, not {expected!r}"]
