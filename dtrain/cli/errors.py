"""User errors of the command line: one clear line and exit status 2, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import IO, Any

import click

from dtrain.distributed import is_main, launch


class UserError(click.ClickException):
    """What the user gave cannot be used; the message says what was expected, what came, and what to do."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on rank 0 only: all ranks see the same input."""
        if is_main():
            super().show(file)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors that the library raises about data, files and the launch into one line, without the traceback.

    They may strike any rank alone. Then the message is the exit status, which `dtrain.distributed` prints once for the
    whole job, with the rank, before it ends all others. Errors that pass through a Python file of the user keep their
    traceback: it shows the line of the file.
    """
    from dtrain.checkpoint.errors import CheckpointError
    from dtrain.cli.python_file import is_raised_in_one
    from dtrain.distributed import DesyncError, LaunchError

    try:
        yield
    except BrokenPipeError:
        raise  # the reader of the output has seen enough, as in `dtrain predict ... | head`
    except (
        CheckpointError, DesyncError, LaunchError, OSError, ValueError, IndexError, ArithmeticError, MemoryError,
        RecursionError,
    ) as error:  # fmt: skip
        if is_raised_in_one(error):
            raise
        if launch().parallel:
            raise SystemExit(f"Error: {_message(error)}") from error
        raise UserError(_message(error)) from error


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return f"not enough memory: {error or 'what is asked for does not fit'}"
    return str(error)


def suggest(word: str, valid: Iterable[str]) -> str:
    """Return the valid words, led by the one that is nearest to `word`."""
    choices = sorted(valid)
    if not choices:
        return "None is valid here."
    by_lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    hint = f"Did you mean {by_lower[near[0]]!r}? " if near else ""
    return f"{hint}Valid: {', '.join(choices)}."
