"""`dtrain export`: the weights of a trained model in a file that Keras reads."""

from __future__ import annotations

from pathlib import Path

import click

from dtrain.cli.errors import UserError, one_line_errors


@click.command(name="export")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("file", metavar="OUT.weights.h5", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(run: Path, file: Path, force: bool) -> None:
    """Write the weights of RUN (a run's folder, a checkpoint, or a model's file) as Keras 3 does."""
    from dtrain.cli.restore import restore_model
    from dtrain.distributed import is_main, say

    with one_line_errors():
        if not file.name.endswith(".weights.h5"):
            raise UserError(f"expected a name that ends in .weights.h5. Received: {file}")
        model = restore_model(run).model
        if is_main():
            model.save_weights(file, overwrite=force)
        say(f"{file}: {model.count_params():,} weights of {model.name}")
