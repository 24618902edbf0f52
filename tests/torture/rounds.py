"""Ranks that are killed at random times over training, saving and evaluation: what is lost, and how it ends."""

from __future__ import annotations

import os
import random
import signal
import statistics
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.cases import made
from tests.torture.elastic_cases import elastic_launcher
from tests.torture.jobs import Job, Outcome
from tests.torture.table import TIMEOUT_S, digests, start, undisturbed

_PACE = ("--pace", "0.02")
_SPAN_S = 2 * 24 * 0.02  # the steps of the program, and as long again for evaluation and the end


@dataclass
class Round:
    """What became of one run: the steps made again and the seconds to the end after each kill, and what was wrong."""

    lost_steps: list[int] = field(default_factory=list)
    after_kill_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def torture_at_random(rounds: int, ranks: int, seed: int, elastic: bool) -> int:
    """Kill ranks of each of `rounds` runs and print a table; 0 if all survived."""
    numbers = random.Random(seed)
    found = []
    for number in range(rounds):
        found.append(torture_elastic(numbers, ranks) if elastic else torture_once(numbers, ranks))
        if found[-1].problems:
            print(f"round {number}: {'; '.join(found[-1].problems)}", flush=True)
    survived = sum(not one.problems for one in found)
    lost = [steps for one in found for steps in one.lost_steps]
    ends = [seconds for one in found for seconds in one.after_kill_s]
    print(f"cases                {rounds} ({len(ends)} kills, {ranks} ranks, seed {seed})")
    print(f"survived             {survived}")
    print(f"steps made again     {_spread(lost, '.0f')}")
    print(f"end after kill, s    {_spread(ends, '.2f')}")
    print(f"digest equal         {survived} of {rounds}")
    return 0 if survived == rounds else 1


def torture_once(numbers: random.Random, ranks: int) -> Round:
    """One run that is killed up to three times and started again until it is done."""
    found = Round()
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for _ in range(numbers.randint(1, 3)):
            _kill_once(numbers, folder, ranks, found)
        _check_end(folder, start(folder, ranks, ()).wait(TIMEOUT_S), undisturbed(ranks, ()), found)
    return found


def torture_elastic(numbers: random.Random, ranks: int) -> Round:
    """One run in elastic mode, of which some ranks but not all are killed; the others bring it to its end."""
    found = Round()
    arguments = ("--reproducible", *_PACE)
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        job = start(folder, ranks, arguments, {"DTRAIN_ELASTIC": "1"}, elastic_launcher(ranks))
        marks = [folder / "run" / f"step.{rank}" for rank in range(ranks)]
        job.wait_for(lambda: all(mark.exists() for mark in marks))
        for mark in numbers.sample(marks, numbers.randint(1, ranks - 1)):
            time.sleep(numbers.uniform(0, _SPAN_S / ranks))
            if _kill_rank(job, mark):
                found.after_kill_s.append(0.0)
        killed = time.monotonic()
        outcome = job.wait(TIMEOUT_S)
        found.after_kill_s = [time.monotonic() - killed for _ in found.after_kill_s]
        _check_end(folder, outcome, undisturbed(1, ("--reproducible",)), found)
    return found


def _check_end(folder: Path, outcome: Outcome, digest: str, found: Round) -> None:
    if outcome.status != 0:
        found.problems.append(f"the last job ends with {outcome.status}: {outcome.text[-2000:]}")
    elif digests(folder) != [digest]:
        told = [line for line in outcome.text.splitlines() if "is lost" in line or "are lost" in line]
        found.problems.append(f"ends with {digests(folder)}, not {digest!r}. {' '.join(told)}")
    temporaries = [path.name for path in (folder / "run" / "states").glob("*.tmp.*")]
    found.problems += [f"left behind: {thing}" for thing in (*outcome.left, *temporaries)]


def _kill_once(numbers: random.Random, folder: Path, ranks: int, found: Round) -> None:
    rank = numbers.randrange(ranks)
    mark = folder / "run" / f"step.{rank}"
    mark.unlink(missing_ok=True)
    job = start(folder, ranks, _PACE)
    job.wait_for(mark.exists)
    time.sleep(numbers.uniform(0, _SPAN_S))
    killed = time.monotonic()
    struck = _kill_rank(job, mark)
    outcome = job.wait(TIMEOUT_S)
    found.problems += [f"left behind: {thing}" for thing in outcome.left]
    if outcome.status is None:
        found.problems.append("does not end")
    elif outcome.status != 0 and not struck:
        found.problems.append(f"ends by itself with {outcome.status}: {outcome.text[-2000:]}")
    elif outcome.status != 0:  # else the rank was done already
        found.after_kill_s.append(time.monotonic() - killed)
        found.lost_steps.append(max(0, made(folder, rank) - _saved(folder)))


def _saved(folder: Path) -> int:
    from dtrain.checkpoint import CheckpointError, list_checkpoints

    with suppress(CheckpointError, IndexError):
        return int(list_checkpoints(folder / "run" / "states")[-1].stem.removeprefix("step-"))
    return 0


def _kill_rank(job: Job, mark: Path) -> bool:
    """Kill the rank that has left its process number in `mark`; False if it has ended."""
    with suppress(ProcessLookupError, OSError, IndexError, ValueError):
        pid = int(mark.read_text().split()[1])
        if pid in job.pids():
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def _spread(values: list[int] | list[float], form: str) -> str:
    if not values:
        return "none"
    return f"median {statistics.median(values):{form}}, most {max(values):{form}}"
