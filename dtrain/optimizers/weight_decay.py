"""Decoupled weight decay and the variables that are left out of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from dtrain.graph import Array, Variable

from .runs import CHUNK


class Exclusions:
    """The variables without weight decay: given ones, and those whose name matches a pattern."""

    def __init__(self, variables: Iterable[Variable] | None = None, names: Iterable[str] | None = None) -> None:
        self._variables = list(variables or ())  # kept alive, so that their ids stay their own
        self._ids = {id(v) for v in self._variables}
        patterns = sorted(set(names or ()))
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __bool__(self) -> bool:
        return bool(self._ids or self._pattern)

    def __contains__(self, variable: Variable) -> bool:
        return id(variable) in self._ids or (self._pattern is not None and bool(self._pattern.search(variable.name)))


def decay(values: Array, amount: float, scratch: Array) -> None:
    """`values -= values * amount`

    Not `values *= 1 - amount`: in float32, `1 - amount` keeps only the first digits of a small amount.
    """
    for start in range(0, values.size, CHUNK):
        piece = values[start : start + CHUNK]
        piece -= np.multiply(piece, amount, out=scratch[: piece.size])
