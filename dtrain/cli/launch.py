"""`dtrain launch`: starts a script on N processes by the mpirun that fits this Python, and says how."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from dtrain.cli.errors import UserError
from dtrain.distributed import launch

if TYPE_CHECKING:
    from dtrain.cli.hosts import Hosts
    from dtrain.cli.launch_command import LaunchCommand


@click.command(name="launch", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-n", "ranks", type=click.IntRange(min=1), help="Number of processes (with --hosts: default all places).")
@click.option("--hosts", metavar="H1:2,H2:2", help="Hosts and their numbers of processes, reached by ssh.")
@click.option("--mpi-options", default="", metavar="TEXT", help="Further options for mpirun, as one text.")
@click.option(
    "--max-restarts",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="Start the job again up to K times when a rank has died, on the hosts that still answer.",
)
@click.option("--elastic", is_flag=True, help="Go on without ranks that die or hang (needs Open MPI 5).")
@click.option("--min-ranks", type=click.IntRange(min=1), metavar="M", help="With --elastic: end when fewer are left.")
@click.option(
    "--replace",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="With --elastic: start K processes more, to take the place of ranks that are lost.",
)
@click.option("--dry-run", is_flag=True, help="Print the command only.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="SCRIPT.py [ARGS]...")
def command(
    ranks: int | None,
    hosts: str | None,
    mpi_options: str,
    max_restarts: int,
    elastic: bool,
    min_ranks: int | None,
    replace: int,
    dry_run: bool,
    program: tuple[str, ...],
) -> None:
    """Run SCRIPT.py on N processes: the exact command is printed, and its exit status is passed on.

    The mpirun is that of the MPI library which mpi4py loads. Leave for root and for more processes than cores, binding
    and BLAS threads are set where needed, by variables, unless you have set them. In place of SCRIPT.py: -m MODULE, or
    a command such as dtrain train CONFIG. Hosts need this Python and the script at the same path.

    With --max-restarts, a script goes on where it stood if it trains by fit(..., resume=FOLDER) or with
    BackupAndRestore, and so does dtrain train.

    With --elastic, the ranks that are left go on when one dies, or keeps the others waiting for DTRAIN_HUNG_S (60)
    seconds: they repeat the step that it did not finish. With fewer than --min-ranks, a checkpoint is written where
    there is something to write it, and the job ends with status 75; --max-restarts starts it again from there.
    Open MPI ends the job when a whole host is lost: --max-restarts starts it again on the hosts that still answer.

    With --replace K, N + K processes run the script (with --hosts and without -n, on all places together). The last
    K are spares: they make all steps with the others, but have no rows of data as long as N others live. When a rank
    is lost, the first N of those left have rows, and the job goes on as fast as before. A spare keeps a core busy.
    Scripts see N + K as world().size, and N as world().workers.
    """
    from dtrain.cli.elastic import OPTIONS, elastic_variables
    from dtrain.cli.launch_command import make_command, parse_hosts, program_words
    from dtrain.cli.matching_mpirun import loaded_library, matching_mpirun
    from dtrain.cli.mpirun import physical_cores
    from dtrain.distributed.cores import share

    if launch().parallel:
        raise UserError(f"this is rank {launch().rank} of a job already: start dtrain launch without mpirun or srun")
    listed = parse_hosts(hosts) if hosts else []
    if not ranks and not listed:
        raise UserError("how many processes? dtrain launch -n N script.py, or --hosts H1:2,H2:2")
    words = program_words(program)
    mpirun = matching_mpirun(loaded_library())
    if min_ranks and not elastic:
        raise UserError("--min-ranks says how many ranks an elastic job needs to go on: give --elastic too")
    if replace and not elastic:
        raise UserError("--replace says how many ranks an elastic job has to spare: give --elastic too")
    workers = ranks or sum(number for _, number in listed) - replace
    if workers < 1:
        raise UserError(f"--replace {replace} leaves no process to work in the places of --hosts {hosts}")
    settings = elastic_variables(mpirun, workers, min_ranks, replace) if elastic else {}
    options = [*(OPTIONS if elastic else ()), *shlex.split(mpi_options)]

    def make(places: Hosts, variables: Mapping[str, str]) -> LaunchCommand:
        room = sum(number for _, number in places)
        wanted = workers + replace
        count = min(wanted, room) if max_restarts and places else wanted
        made = make_command(
            mpirun,
            count,
            places,
            words,
            physical_cores(),
            share(1),
            options,
            {**os.environ, **settings, **variables},
            max(0, count - workers),
        )
        made.variables.update(settings)
        _show(made)
        made.variables.update(variables)
        return made

    if max_restarts and not dry_run:
        from dtrain.cli.restarts import Restarts

        sys.exit(Restarts(make, listed, max_restarts, min_ranks or 1).run())
    made = make(listed, {})
    if listed and not dry_run:
        from dtrain.cli.mpirun_process import MpirunProcess

        process = MpirunProcess()
        with process.forwarding():
            sys.exit(process.run(made, hosts=True))
    if not dry_run:
        sys.stdout.flush()
        os.execve(made.words[0], made.words, {**os.environ, **made.variables})


def _show(made: LaunchCommand) -> None:
    for reason in dict.fromkeys(made.reasons.values()):
        names = [f"{name}={made.variables[name]}" for name, why in made.reasons.items() if why == reason]
        click.echo(f"dtrain launch: sets {' '.join(names)}: {reason}", err=True)
    click.echo(f"dtrain launch: {made.shown()}", err=True)
