"""Ranks and whole jobs that are killed at random times over training, saving and evaluation, and what is lost."""

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

from tests.torture.acts import power_off
from tests.torture.checks import far_from
from tests.torture.elastic_cases import elastic_launcher
from tests.torture.ends import TIMEOUT_S, made, start, temporaries
from tests.torture.jobs import Job, Outcome
from tests.torture.settings import EPOCHS, PACE_S, STEPS_OF_EPOCH, Setting, draw

_PACE = ("--pace", str(PACE_S))
_SPAN_S = 2 * EPOCHS * STEPS_OF_EPOCH * PACE_S  # the steps of the program, and as long again for evaluation and the end
_START_S = 1.0  # about, until the first step
_SAVE = ("open", "half", "fsync", "rename", "renamed", "remove", "removed", "checkpoint", "write")
_HUNG_S = "1"
_SOON_REMOVED = "segment mpich_shar_tmp"


@dataclass
class Round:
    """What became of one run: after each kill the steps to make again and the seconds to the end; what was wrong."""

    setting: Setting
    kills: list[str] = field(default_factory=list)
    lost_steps: list[int] = field(default_factory=list)
    after_kill_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_by_mpi: list[str] = field(default_factory=list)

    def take_left(self, left: list[str]) -> None:
        """Note what a job has left behind: a problem, unless it is what MPICH removes a moment after it has made it."""
        self.left_by_mpi += [thing for thing in left if thing.startswith(_SOON_REMOVED)]
        self.problems += [f"left behind: {thing}" for thing in left if not thing.startswith(_SOON_REMOVED)]


def torture_at_random(rounds: int, most_ranks: int, seed: int, elastic: bool) -> int:
    """Kill ranks of each of `rounds` runs and print a table; 0 if all survived.

    The first round is drawn from `seed`, the second from `seed + 1`, and so on: `--rounds 1 --seed S` repeats one.
    """
    found = []
    for number in range(seed, seed + rounds):
        one = torture_once(number, most_ranks, elastic)
        found.append(one)
        what = "; ".join(one.problems) or "ok"
        print(f"seed {number}: {one.setting}; {', '.join(one.kills) or 'nothing killed'}: {what}", flush=True)
    survived = sum(not one.problems for one in found)
    kinds = [kill.split()[0] for one in found for kill in one.kills]
    print(f"cases                {rounds} ({len(kinds)} kills, up to {most_ranks} ranks, seeds {seed} to {number})")
    print(f"kills                {', '.join(f'{kind} {kinds.count(kind)}' for kind in sorted(set(kinds))) or 'none'}")
    print(f"survived             {survived}")
    print(f"steps made again     {_spread([steps for one in found for steps in one.lost_steps], '.0f')}")
    print(f"end after kill, s    {_spread([seconds for one in found for seconds in one.after_kill_s], '.2f')}")
    print(f"left by MPI itself   {', '.join(name for one in found for name in one.left_by_mpi) or 'nothing'}")
    print(f"digest equal         {survived} of {rounds}")
    return 0 if survived == rounds else 1


def torture_once(seed: int, most_ranks: int, elastic: bool = False) -> Round:
    """One run, of which ranks are killed; it ends as if none had been."""
    numbers = random.Random(seed)
    found = Round(draw(numbers, most_ranks, elastic))
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as name:
        if elastic:
            outcome = _go_on(numbers, Path(name), found)
        else:
            outcome = _start_again(numbers, Path(name), found, most_ranks)
        _check_end(Path(name), outcome, found)
    return found


def _start_again(numbers: random.Random, folder: Path, found: Round, most_ranks: int) -> Outcome:
    """Kill the job up to three times, and start it again until it is done."""
    for _ in range(numbers.randint(1, 3)):
        ranks = numbers.randint(1, most_ranks) if found.setting.varies else found.setting.ranks
        way = numbers.choice(["rank", "rank", "job", "save", "evaluation", "start"])
        if way in ("save", "evaluation"):
            _kill_at_place(numbers, folder, ranks, way, found)
        else:
            _kill_at_time(numbers, folder, ranks, way, found)
    _forget(folder)
    return start(folder, found.setting.ranks, found.setting.arguments).wait(TIMEOUT_S)


def _kill_at_time(numbers: random.Random, folder: Path, ranks: int, way: str, found: Round) -> None:
    """Kill a rank, or all with the launcher, so many seconds after the first step; "start": a rank, before it."""
    rank = numbers.randrange(ranks)
    delay_s = numbers.uniform(0, _START_S if way == "start" else _SPAN_S)
    _forget(folder)
    job = start(folder, ranks, (*found.setting.arguments, *_PACE))
    if way != "start":
        job.wait_for((folder / "run" / f"step.{rank}").exists)
    time.sleep(delay_s)
    killed = time.monotonic()
    struck = _kill_job(job) if way == "job" else _kill_rank(job, rank)
    _look_back(folder, job.wait(TIMEOUT_S), found, way, struck, killed)


def _kill_at_place(numbers: random.Random, folder: Path, ranks: int, way: str, found: Round) -> None:
    """Let the rank that saves kill itself within a save, or any rank within a validation."""
    point = numbers.choice(_SAVE) if way == "save" else "validation"
    rank = 0 if way == "save" else numbers.randrange(ranks)
    fault = f"kill:rank={rank},at={point},nth={numbers.randint(1, 6 if way == 'save' else 2)}"
    _forget(folder)
    job = start(folder, ranks, found.setting.arguments, environment={"DTRAIN_FAULT": fault})
    outcome = job.wait(TIMEOUT_S)
    killed = time.monotonic() - (outcome.after_fault_s or 0)
    _look_back(folder, outcome, found, f"{way} ({point})", "DTRAIN_FAULT: kill" in outcome.text, killed)


def _look_back(folder: Path, outcome: Outcome, found: Round, way: str, struck: bool, killed: float) -> None:
    """Take down what a kill has done: `struck`: whether there was something to kill."""
    found.take_left(outcome.left)
    if outcome.status is None:
        found.problems.append(f"does not end after {way}")
    elif outcome.status != 0 and not struck:
        found.problems.append(f"ends by itself with {outcome.status}: {outcome.text[-2000:]}")
    elif outcome.status != 0:  # else the rank was done already
        steps = max(0, max(made(folder, rank) for rank in range(8)) - _saved(folder))
        found.kills.append(f"{way} -{steps}")
        found.after_kill_s.append(time.monotonic() - killed)
        found.lost_steps.append(steps)
        # One state may be on its way to the disk while the steps up to the next are made.
        if steps > 2 * found.setting.every:
            found.problems.append(f"{steps} steps are lost, with states every {found.setting.every}")


def _go_on(numbers: random.Random, folder: Path, found: Round) -> Outcome:
    """Kill or stop some ranks but not all; the others, of which one may be a spare, bring the run to its end."""
    ranks = found.setting.ranks
    victims = numbers.sample(range(ranks), numbers.randint(1, ranks - 1))
    environment = {"DTRAIN_ELASTIC": "1", "DTRAIN_HUNG_S": _HUNG_S}
    if numbers.random() < 0.3:
        environment["DTRAIN_WORKERS"] = str(ranks - 1)
    if numbers.random() < 0.4:
        environment["DTRAIN_FAULT"] = _fault(numbers, victims.pop())
    launcher = elastic_launcher(ranks)
    job = start(folder, ranks, (*found.setting.arguments, *_PACE), environment=environment, launcher=launcher)
    marks = [folder / "run" / f"step.{rank}" for rank in range(ranks)]
    job.wait_for(lambda: all(mark.exists() for mark in marks))
    for rank in victims:
        hung = numbers.random() < 0.2
        time.sleep(numbers.uniform(0, _SPAN_S / ranks))
        if _kill_rank(job, rank, signal.SIGSTOP if hung else signal.SIGKILL):
            found.kills.append(f"{'stop' if hung else 'rank'} {rank}")
    killed = time.monotonic()
    outcome = job.wait(TIMEOUT_S)
    found.after_kill_s = [time.monotonic() - killed for _ in found.kills]
    if "DTRAIN_FAULT: kill" in outcome.text:
        found.kills.append(f"place {environment['DTRAIN_FAULT']}")
        found.after_kill_s.append(outcome.after_fault_s or 0.0)
    return outcome


def _fault(numbers: random.Random, rank: int) -> str:
    """A death at some place of a step, of a validation, or, of the rank that saves, of a save."""
    if rank == 0 and numbers.random() < 0.5:
        return f"kill:rank=0,at={numbers.choice(_SAVE)},nth={numbers.randint(1, 6)}"
    if numbers.random() < 0.3:
        return f"kill:rank={rank},at=validation,nth={numbers.randint(1, 2)}"
    place = numbers.choice(["compute", "reduce", "wait", "update", "metrics", "callbacks", "data"])
    return f"kill:rank={rank},at={place},step={numbers.randrange(12)}"


def _check_end(folder: Path, outcome: Outcome, found: Round) -> None:
    if outcome.status != 0:
        found.problems.append(f"the last job ends with {outcome.status}: {outcome.text[-2000:]}")
    else:
        told = [line for line in outcome.text.splitlines() if "is lost" in line or "are lost" in line]
        wrong = far_from(found.setting.ranks, found.setting.arguments, folder, found.setting.exact)
        found.problems += [" ".join([problem, *told]) for problem in wrong]
    found.take_left(outcome.left)
    found.problems += temporaries(folder)


def _forget(folder: Path) -> None:
    """Remove what the job before has told of its steps and its end: it may have had more ranks."""
    for told in ("step.*", "result.*"):
        for path in (folder / "run").glob(told):
            path.unlink()


def _saved(folder: Path) -> int:
    from dtrain.checkpoint import CheckpointError, list_checkpoints

    with suppress(CheckpointError, IndexError):
        return int(list_checkpoints(folder / "run" / "states")[-1].stem.removeprefix("step-"))
    return 0


def _kill_rank(job: Job, rank: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal to a rank; False if it has ended, or not begun."""
    pid = job.process.pid if job.ranks == 1 else job.rank_pids().get(rank)
    with suppress(ProcessLookupError):
        if pid is not None and job.process.poll() is None:
            os.kill(pid, number)
            return True
    return False


def _kill_job(job: Job) -> bool:
    """Kill launcher and ranks; False if they have ended."""
    running = job.process.poll() is None
    power_off(job)
    return running


def _spread(values: list[int] | list[float], form: str) -> str:
    if not values:
        return "none"
    return f"median {statistics.median(values):{form}}, most {max(values):{form}}"
