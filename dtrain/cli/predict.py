"""`dtrain predict`: what a trained model makes of an image, or of the rows in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dtrain.cli.errors import UserError, one_line_errors

if TYPE_CHECKING:
    from dtrain import Model


@click.command(name="predict")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-o", "--output", metavar="FILE.npz", type=click.Path(path_type=Path), help="Write the outputs here.")
@click.option("--invert/--no-invert", default=None, help="Turn dark into light in an image. Default: if it needs that.")
@click.option("--divide", metavar="NUMBER", type=float, help="Divide the values: 255 for a model that takes 0 to 1.")
def command(run: Path, file: Path, output: Path | None, invert: bool | None, divide: float | None) -> None:
    """Predict with RUN (a run's folder, a checkpoint, or a model's file) for FILE.

    FILE is an image (PNG, JPEG, PGM, ...), scaled to what the model takes; or rows as a NumPy array (.npy) or in IDX
    form. One line a row: for each output the class and its probability; of an output of one unit, its value.
    """
    from dtrain.cli.restore import restore_model
    from dtrain.cli.rows import read_rows
    from dtrain.distributed import is_main, say

    with one_line_errors():
        if divide == 0:
            raise UserError("--divide: expected a number other than 0.")
        model = restore_model(run).model
        rows = read_rows(file, _shape(model), invert)
        found = model.predict(rows if divide is None else rows / divide, verbose=0)
        outputs = dict(zip(model.output_names, found if isinstance(found, list) else [found], strict=True))
        if output is not None and is_main():
            _write(output, outputs)
        for row in zip(*outputs.values(), strict=True):
            say("  ".join(f"{name}: {_text(values)}" for name, values in zip(outputs, row, strict=True)))


def _shape(model: Model) -> tuple[int | None, ...]:
    """Return the shape of one row."""
    if len(model.inputs) != 1:
        names = ", ".join(model.input_names)
        raise UserError(f"predict takes models with one input. This one has: {names}. In Python: model.predict([...]).")
    return tuple(model.input_shape[1:])


def _write(path: Path, outputs: dict[str, Any]) -> None:
    import numpy as np

    with open(path, "wb") as file:
        np.savez(file, **outputs)


def _text(values: Any) -> str:
    if values.size == 1:
        return f"{values.item():.4f}"
    best = int(values.argmax())
    return f"{best} ({values.flat[best]:.4f})"
