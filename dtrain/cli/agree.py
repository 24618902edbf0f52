"""Decisions that one rank makes for all: those that look at the file system, which may change between two looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dtrain.cli.errors import UserError
from dtrain.distributed import is_main, world

T = TypeVar("T")


def decided_by_main(decide: Callable[[], T]) -> T:
    """Return on every rank what `decide()` returns on rank 0; its `UserError` is raised on every rank."""
    outcome: T | UserError | None = None
    if is_main():
        try:
            outcome = decide()
        except UserError as error:
            outcome = error
    outcome = world().bcast(outcome)
    if isinstance(outcome, UserError):
        raise outcome
    return outcome  # type: ignore[return-value]
