"""`dtrain launch`: starts a script on N processes by the mpirun that fits this Python, and says how."""

from __future__ import annotations

import os
import shlex
import sys

import click

from dtrain.cli.errors import UserError
from dtrain.distributed import launch


@click.command(name="launch", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-n", "ranks", type=click.IntRange(min=1), help="Number of processes (with --hosts: default all places).")
@click.option("--hosts", metavar="H1:2,H2:2", help="Hosts and their numbers of processes, reached by ssh.")
@click.option("--mpi-options", default="", metavar="TEXT", help="Further options for mpirun, as one text.")
@click.option("--dry-run", is_flag=True, help="Print the command only.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="SCRIPT.py [ARGS]...")
def command(ranks: int | None, hosts: str | None, mpi_options: str, dry_run: bool, program: tuple[str, ...]) -> None:
    """Run SCRIPT.py on N processes: the exact command is printed, and its exit status is passed on.

    The mpirun is that of the MPI library which mpi4py loads. Leave for root and for more processes than cores, binding
    and BLAS threads are set where needed, by variables, unless you have set them. In place of SCRIPT.py: -m MODULE, or
    a command such as dtrain train CONFIG. Hosts need this Python and the script at the same path.
    """
    from dtrain.cli.launch_command import make_command, parse_hosts, program_words
    from dtrain.cli.matching_mpirun import loaded_library, matching_mpirun
    from dtrain.cli.mpirun import physical_cores
    from dtrain.distributed.cores import share

    if launch().parallel:
        raise UserError(f"this is rank {launch().rank} of a job already: start dtrain launch without mpirun or srun")
    places = parse_hosts(hosts) if hosts else []
    count = ranks or sum(number for _, number in places)
    if not count:
        raise UserError("how many processes? dtrain launch -n N script.py, or --hosts H1:2,H2:2")
    words = program_words(program)
    mpirun = matching_mpirun(loaded_library())
    made = make_command(mpirun, count, places, words, physical_cores(), share(1), shlex.split(mpi_options))
    for reason in dict.fromkeys(made.reasons.values()):
        names = [f"{name}={made.variables[name]}" for name, why in made.reasons.items() if why == reason]
        click.echo(f"dtrain launch: sets {' '.join(names)}: {reason}", err=True)
    click.echo(f"dtrain launch: {made.shown()}", err=True)
    if not dry_run:
        sys.stdout.flush()
        os.execve(made.words[0], made.words, {**os.environ, **made.variables})
