"""`dtrain inspect`: what a checkpoint, a model's file, or any HDF5 file holds, and whether every array is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dtrain.cli.errors import UserError
from dtrain.distributed import is_main

if TYPE_CHECKING:
    from dtrain.checkpoint.inspect import Description

COLUMNS = ("array", "shape", "dtype", "digest")
VERDICTS = {True: "ok", False: "DAMAGED", None: "none"}
SHORT = ("progress", "versions")  # texts that are shown in any case
Row = tuple[str, ...]


class Damaged(UserError):
    """The file is not whole, or cannot be read."""

    exit_code = 1


@click.command(name="inspect")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE_OR_FOLDER")
@click.option("--texts", is_flag=True, help="Show configurations and the other texts in full.")
@click.option("--force", is_flag=True, help="Open a damaged file too, to see which arrays are whole.")
def command(path: Path, texts: bool, force: bool) -> None:
    """Show what FILE holds: a model of any Keras (architecture, weights, training), a checkpoint, any HDF5 file.

    Of a run's folder, it is the newest checkpoint. Of checkpoints, arrays, digests and texts are shown.

    Ends with 0 if the file is whole, with 1 if it is damaged or cannot be read.
    """
    from dtrain.checkpoint.errors import CheckpointError
    from dtrain.checkpoint.inspect import describe
    from dtrain.cli.model_report import open_if_model, report

    if not is_main():
        return
    try:
        model = open_if_model(path)
        if model is not None:
            for line in report(model, texts):
                click.echo("\n".join(map(_printable, line.split("\n"))))
            return
        description = describe(_newest(path) if path.is_dir() else path, force=force)
    except CheckpointError as error:
        raise Damaged(str(error)) from error
    _show_summary(description)
    _show_table([(_printable(e.path), _shape(e.shape), e.dtype, VERDICTS[e.digest_ok]) for e in description.entries])
    for name, text in description.texts.items() if texts else ():
        click.echo(f"\n{_printable(name)}:\n" + "\n".join(map(_printable, _indented(text).splitlines())))
    damaged = sum(entry.digest_ok is False for entry in description.entries)
    if description.problem or description.missing or damaged:
        raise Damaged(f"{path} is not whole: {damaged} arrays are damaged, {len(description.missing)} missing.")


def _newest(folder: Path) -> Path:
    from dtrain.checkpoint.store import list_checkpoints
    from dtrain.cli.run_folder import CHECKPOINTS

    inner = folder / CHECKPOINTS
    paths = list_checkpoints(inner if inner.is_dir() else folder)
    if not paths:
        raise Damaged(f"{folder} holds no checkpoints (step-*.h5). Give a run's folder or a file.")
    return paths[-1]


def _show_summary(description: Description) -> None:
    seal = "whole" if description.sealed else description.problem or "none (not written as a checkpoint by dtrain)"
    lines = {"file": f"{description.path} ({description.file_bytes:,} bytes)", "seal": seal, "label": description.label}
    lines |= {name: description.texts[name] for name in SHORT if name in description.texts}
    for name, text in lines.items():
        if text:
            click.echo(f"{name:9} {_printable(text)}")
    for path in description.missing:
        click.echo(f"missing   {_printable(path)}")


def _show_table(rows: list[Row]) -> None:
    """Print columns as wide as their longest text, damaged rows in red on a terminal."""
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    for row in (COLUMNS, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, fg="red") if row[-1] == VERDICTS[False] else line)


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "scalar"


def _printable(text: str) -> str:
    """Return a text of unknown origin without characters that could command a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _indented(text: str) -> str:
    """Return JSON text with one value a line; any other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
