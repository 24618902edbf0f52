"""Output from one process only."""

from __future__ import annotations

from typing import TextIO

from dtrain.distributed.job import launch


def is_main() -> bool:
    """Whether this process is rank 0, the one that prints and writes files. Known without loading MPI."""
    return launch().rank == 0


def say(text: str, file: TextIO | None = None) -> None:
    """Print `text` at once on rank 0 and nothing on the others."""
    if is_main():
        print(text, file=file, flush=True)
