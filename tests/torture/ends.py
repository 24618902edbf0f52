"""What runs end with: a digest of all that training has made, and the numbers themselves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.torture.jobs import PROGRAM, Job

TIMEOUT_S = 90.0
REPRODUCIBLE = "--reproducible"
_FAULTS = {
    "--fail", "--how", "--differ", "--odd", "--pace", "--on-error", "--hosts", "--bucket", "--without", "--file-limit",
    "--verbose",
}  # fmt: skip
"""Options that make no difference to the numbers."""


@dataclass(frozen=True)
class End:
    """What a rank ends with: `digest` of all, and weights and curves."""

    digest: str
    values: tuple[float, ...]


def start(folder: Path, ranks: int, arguments: Sequence[str], program: Path = PROGRAM, **more: Any) -> Job:
    """Start the program in `folder`; `more`: see `Job`."""
    temporary = Path(tempfile.mkdtemp(prefix="tmp", dir=folder))
    return Job([str(program), str(folder / "run"), *arguments], ranks, temporary, **more)


def undisturbed(ranks: int, arguments: Sequence[str]) -> End:
    """What a run ends with that is left alone; in reproducible mode, a run of one process."""
    return _undisturbed(1 if REPRODUCIBLE in arguments else ranks, without_faults(arguments))


@cache
def _undisturbed(ranks: int, arguments: tuple[str, ...]) -> End:
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        outcome = start(folder, ranks, arguments).wait(TIMEOUT_S)
        if outcome.status != 0:
            raise RuntimeError(f"a run without faults failed:\n{outcome.text}")
        return ends(folder)[0]


def ends(folder: Path) -> list[End]:
    """What the ranks ended with, each once."""
    read = (json.loads(path.read_text()) for path in sorted((folder / "run").glob("result.*.json")))
    return list(dict.fromkeys(End(found["digest"], tuple(found["values"])) for found in read))


def digests(folder: Path) -> list[str]:
    """The digests that ranks ended with, each once."""
    return sorted({end.digest for end in ends(folder)})


def made(folder: Path, rank: int = 0) -> int:
    """How many steps a rank has made."""
    try:
        return int((folder / "run" / f"step.{rank}").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return 0


def temporaries(folder: Path) -> list[str]:
    """What writing has left in the folder of states, in words."""
    states = folder / "run" / "states"
    names = [path.name for path in states.iterdir()] if states.is_dir() else []
    return [f"left behind: {name}" for name in names if ".tmp." in name or name == ".lock"]


def without_faults(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments that make a difference to the numbers."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _FAULTS:
            next(words)
        else:
            kept.append(word)
    return tuple(kept)
