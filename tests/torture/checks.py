"""What is looked at when a job has ended: each returns what is wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from dtrain.checkpoint import CheckpointError, list_checkpoints, load
from tests.torture.ends import REPRODUCIBLE, TIMEOUT_S, digests, ends, made, start, temporaries, undisturbed
from tests.torture.jobs import Outcome

Check = Callable[[Path, Outcome], list[str]]
ROUNDING = 1e-6  # of the length of all weights and curves, after some dozens of steps
SMOOTH = ("--optimizer", "momentum")
"""For numbers that differ by rounding only: Adam makes steps of full length of gradients that are rounding alone."""


def one_traceback(folder: Path, outcome: Outcome) -> list[str]:
    """Ranks that fail alike must not all print."""
    count = outcome.text.count("Traceback (most recent call last)")
    chained = outcome.text.count("exception was the direct cause") + outcome.text.count("During handling of the above")
    return [] if count - chained == 1 else [f"{count - chained} tracebacks, expected: one"]


def no_traceback(folder: Path, outcome: Outcome) -> list[str]:
    """The end is told in words."""
    return ["a traceback"] if "Traceback (most recent call last)" in outcome.text else []


def stopped_by_signal(folder: Path, outcome: Outcome) -> list[str]:
    """The signal is told once, and the newest state is that of the step which all ranks have made."""
    told = outcome.text.count("Stopped by SIG")
    problems = [] if told == 1 else [f"the signal is told {told} times"]
    saved = int(list_checkpoints(folder / "run" / "states")[-1].stem.removeprefix("step-"))
    steps = {made(folder, rank) + 1 for rank in range(2)}  # each rank wrote its number when it began the step
    return problems if steps == {saved} else [*problems, f"ranks have made {steps} steps, and step {saved} is saved"]


def same_digest_on_all(folder: Path, outcome: Outcome) -> list[str]:
    """All ranks have decided alike."""
    return [] if len(digests(folder)) == 1 else [f"ranks end with other numbers: {digests(folder)}"]


def as_one_process(*arguments: str) -> Check:
    """The numbers are those of one process, bit for bit or, if not in reproducible mode, to rounding."""

    def check(folder: Path, outcome: Outcome) -> list[str]:
        return far_from(1, arguments, folder, REPRODUCIBLE in arguments)

    return check


def far_from(ranks: int, arguments: Sequence[str], folder: Path, exact: bool) -> list[str]:
    """Return what is wrong unless all ranks have ended as a run of so many that was left alone.

    `exact`: to the last bit, and not only to rounding.
    """
    found, expected = ends(folder), undisturbed(ranks, arguments)
    if len(found) != 1:
        return [f"ranks end with other numbers: {[end.digest for end in found]}"]
    if exact:
        same = found[0].digest == expected.digest
        return [] if same else [f"ends with other numbers: {found[0].digest}, not {expected.digest}"]
    if len(found[0].values) != len(expected.values):
        return ["ends after another number of epochs"]
    one, other = np.array(found[0].values), np.array(expected.values)
    distance = float(np.linalg.norm(one - other) / np.linalg.norm(other))
    return [] if distance < ROUNDING else [f"ends with other numbers: {distance:.1e} away"]


def no_temporary(folder: Path, outcome: Outcome) -> list[str]:
    """What could not be written is gone."""
    return temporaries(folder)


def newest_is_refused(folder: Path, outcome: Outcome) -> list[str]:
    """The file that was damaged is found to be."""
    newest = list_checkpoints(folder / "run" / "states")[-1]
    try:
        load(newest)
    except CheckpointError:
        return []
    return [f"{newest.name} was loaded although it is damaged"]


def states_are_whole(folder: Path, outcome: Outcome) -> list[str]:
    """Each file that is there can be read."""
    for path in list_checkpoints(folder / "run" / "states"):
        try:
            load(path)
        except CheckpointError as error:
            return [f"{path.name}: {error}"]
    return []


def rows_in_order(folder: Path, outcome: Outcome) -> list[str]:
    """Ranks together have read the rows of each step as one process does, each row of an epoch once.

    A job that was started again goes on with the rows of the step after the state it found.
    """
    expected, jobs = _order_of_one(), _jobs(folder)
    if len(jobs) == 1:
        return [] if jobs[0] == expected else ["the rows of some step are not those of one process"]
    found = jobs[-1][1:] if jobs[-1][0] == expected[0] else jobs[-1]  # the first batch is looked at before all else
    begun = len(expected) - len(found)
    same = 0 < begun < len(expected) and found == expected[begun:]
    return [] if same else ["the job that was started again does not go on in the same order"]


@cache
def _order_of_one() -> list[list[int]]:
    """The rows of each step in their order, as one process reads them; each row of an epoch once."""
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        outcome = start(folder, 1, ("--data", "rows")).wait(TIMEOUT_S)
        (steps,) = _jobs(folder)
    epochs = [sorted(row for step in steps[first : first + 6] for row in step) for first in range(0, len(steps), 6)]
    if outcome.status != 0 or epochs != [list(range(46))] * 4:
        raise RuntimeError(f"one process does not read each row of an epoch once: {epochs}\n{outcome.text}")
    return steps


def _jobs(folder: Path) -> list[list[list[int]]]:
    """For each job the rows of each step, put together from those of its ranks."""
    jobs: dict[str, list[list[int]]] = {}
    for path in sorted((folder / "run").glob("rows.*")):
        for job, steps in _steps(path.read_text().splitlines()).items():
            together = jobs.setdefault(job, [[] for _ in steps])
            for whole, rows in zip(together, steps, strict=False):  # one may have read more ahead than another
                whole += rows
    return list(jobs.values())


def _steps(lines: Iterable[str]) -> dict[str, list[list[int]]]:
    """For each job the rows that one rank has read for each step."""
    found: dict[str, list[list[int]]] = {}
    for line in lines:
        if line.startswith("job "):
            found[line] = []
        else:
            found[next(reversed(found))].append([int(word) for word in line.split()])
    return found
