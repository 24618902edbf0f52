"""`dtrain doctor`: what this machine offers, what is wrong with it, and what to do."""

from __future__ import annotations

import os

import click

from dtrain.cli.checks.check import Check
from dtrain.cli.checks.settings import check_settings, table
from dtrain.distributed import is_main

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(name="doctor", epilog=f"\b\nSettings, as environment variables:\n{table()}")
@click.pass_context
def command(context: click.Context) -> None:
    """Check MPI, BLAS, HDF5 and the machine; exits with 1 if something is broken.

    Under mpirun, srun, ...: also how the ranks are placed on the cores.
    """
    from dtrain.cli.checks.job import check_job
    from dtrain.cli.checks.libraries import check_libraries
    from dtrain.cli.checks.machine import check_machine
    from dtrain.cli.checks.mpi import check_mpi
    from dtrain.distributed.terminal import terminal_width

    placement = check_job()  # with all ranks
    if not is_main():
        return
    context.color = terminal_width() is not None
    rows: list[Check] = []
    for group in (check_libraries, check_machine, lambda: placement, lambda: check_settings(os.environ), check_mpi):
        for row in group():
            rows.append(row)
            _show(row)
    click.echo(_verdict(rows))
    context.exit(1 if any(row.status == "fail" for row in rows) else 0)


def _show(row: Check) -> None:
    click.echo(f"{click.style(f'{row.status:<4}', fg=COLOURS[row.status])}  {row.what:<14} {row.value}")
    if row.advice:
        click.echo(f"{'':6}{'':14} → {row.advice}")


def _verdict(rows: list[Check]) -> str:
    broken = [row.what for row in rows if row.status == "fail"]
    if broken:
        return f"Broken: {', '.join(broken)}."
    warned = [row.what for row in rows if row.status == "warn"]
    return f"Works. Worth a look: {', '.join(warned)}." if warned else "All is well."
