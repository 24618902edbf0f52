"""The `dtrain` command: a group whose subcommands are imported when they are called."""

from __future__ import annotations

from importlib import import_module

import click

SUBCOMMANDS = ("train", "launch", "evaluate", "predict", "export", "convert", "inspect", "doctor", "bench")


class LazyGroup(click.Group):
    """Finds subcommand `x` as `command` in `dtrain.cli.x`: `dtrain doctor` does not load what `train` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        command = import_module(f"dtrain.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 (of this package's own modules, not of input)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dtrain", message="dtrain %(version)s")
def main() -> None:
    """Train Keras-style models on one or many processes: dtrain SUBCOMMAND, or mpirun -n N dtrain SUBCOMMAND."""
