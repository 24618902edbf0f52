"""`dtrain evaluate`: the loss and metrics of a trained model on the test rows."""

from __future__ import annotations

from pathlib import Path

import click

from dtrain.cli.errors import one_line_errors


@click.command(name="evaluate")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[SECTION.KEY=VALUE]...")
def command(run: Path, overrides: tuple[str, ...]) -> None:
    """Evaluate RUN, a run's folder or a checkpoint in it, on the test rows of the run's configuration.

    One line a metric: its name and its value.
    """
    from dtrain.cli.data import load_rows
    from dtrain.cli.restore import need_config, restore_model
    from dtrain.distributed import say

    with one_line_errors():
        restored = restore_model(run, overrides)
        config = need_config(restored, "evaluate")
        _, test = load_rows(config.data)
        logs = restored.model.evaluate(
            test.x,
            test.y,
            batch_size=config.train.batch_size,
            verbose=0,
            return_dict=True,
            reproducible=config.train.reproducible,
        )
        for name, value in logs.items():
            say(f"{name}: {value:.6g}")
