"""Numbers of ranks and cores in sentences, and a sentence of advice."""

from __future__ import annotations

from collections.abc import Iterable

NAMED = 4  # one by one
FOR_ALL_RANKS = "Every rank must call fit, evaluate and predict: put only printing and saving under `if rank == 0`"


def numbered(what: str, numbers: Iterable[int]) -> str:
    """Return things of one kind by their numbers: `rank 3`, `ranks 0, 2 and 3`, `ranks 0-7`, `9 ranks of 0-40`."""
    each = sorted(numbers)
    if len(each) == 1:
        return f"{what} {each[0]}"
    if len(each) <= NAMED:
        return f"{what}s {', '.join(map(str, each[:-1]))} and {each[-1]}"
    ends = f"{each[0]}-{each[-1]}"
    return f"{what}s {ends}" if each[-1] - each[0] == len(each) - 1 else f"{len(each)} {what}s of {ends}"
