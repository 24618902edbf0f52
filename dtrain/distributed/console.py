"""Output from one process only."""

from __future__ import annotations

from typing import TextIO

from dtrain.distributed.job import launch

_main: bool | None = None


def is_main() -> bool:
    """Whether this process is rank 0, the one that prints and writes files. Known without loading MPI."""
    return launch().rank == 0 if _main is None else _main


def set_main(main: bool) -> None:
    """Say who is rank 0 when that is no longer the one of the start."""
    global _main
    _main = main


def say(text: str, file: TextIO | None = None) -> None:
    """Print `text` at once on rank 0 and nothing on the others."""
    if is_main():
        print(text, file=file, flush=True)
