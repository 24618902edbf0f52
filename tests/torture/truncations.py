"""Checkpoints that are cut, or in which bits, bytes and pages are changed, at random: none may be loaded silently."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

from tests.torture.ends import TIMEOUT_S, start

_PAGE = 4096


def damage_at_random(count: int, seed: int) -> int:
    """Damage a checkpoint in `count` ways and print what came of it; 0 if every damage was found."""
    from dtrain.checkpoint import list_checkpoints

    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        outcome = start(folder, 1, ("--epochs", "2")).wait(TIMEOUT_S)
        if outcome.status != 0:
            raise RuntimeError(f"a run without faults failed:\n{outcome.text}")
        states = list_checkpoints(folder / "run" / "states")
        whole = states[-1].read_bytes()
        kinds = _try(whole, folder / states[-1].name, count, seed)
    for kind in sorted({kind for kind, _ in kinds}):
        print(f"{kind:20} {kinds[kind, 'refused']:6} refused   {kinds[kind, 'LOADED']:6} loaded")
    loaded = sum(number for (_, what), number in kinds.items() if what == "LOADED")
    print(f"{count} damaged checkpoints, {loaded} loaded silently")
    return 1 if loaded else 0


def _try(whole: bytes, path: Path, count: int, seed: int) -> Counter[tuple[str, str]]:
    from dtrain.checkpoint import CheckpointError, load

    numbers = random.Random(seed)
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(count):
        kind, content = damaged(whole, numbers)
        path.write_bytes(content)
        try:
            load(path)
            found[kind, "LOADED"] += 1
        except CheckpointError:
            found[kind, "refused"] += 1
    return found


def damaged(whole: bytes, numbers: random.Random) -> tuple[str, bytes]:
    """Return a kind of damage and what it makes of a file; never the file as it was."""
    kind = numbers.choice(["cut", "bit", "byte", "zero page", "swapped pages", "longer"])
    content = bytearray(whole)
    place = numbers.randrange(len(content))
    page = place // _PAGE * _PAGE
    if kind == "cut":
        return kind, bytes(content[:place])
    if kind == "bit":
        content[place] ^= 1 << numbers.randrange(8)
    elif kind == "byte":
        content[place] = (content[place] + numbers.randint(1, 255)) % 256
    elif kind == "zero page":
        content[page : page + _PAGE] = bytes(len(content[page : page + _PAGE]))
    elif kind == "swapped pages":
        content = content[_PAGE : 2 * _PAGE] + content[:_PAGE] + content[2 * _PAGE :]
    else:
        content += numbers.randbytes(numbers.randint(1, _PAGE))
    return (kind, bytes(content)) if bytes(content) != whole else damaged(whole, numbers)
