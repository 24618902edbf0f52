"""The job that this process is a rank of: how its ranks are placed on the cores of their hosts."""

from __future__ import annotations

from dtrain.cli.checks.check import Check
from dtrain.distributed import LaunchError, launch, world
from dtrain.distributed.launcher import Launch
from dtrain.distributed.placement import Place, gather, idle_cores, problem

WHAT = "Placement"


def check_job() -> list[Check]:
    """Return the rows about the ranks of this job; none in a process that runs alone. Every rank must call it."""
    if not launch().parallel:
        return []
    try:
        places = gather(world())
    except LaunchError as error:
        what, _, advice = str(error).rpartition(". ")
        return [Check("Job", what or advice, "fail", advice)]
    return [placement(places, launch())]


def placement(places: list[Place], started: Launch) -> Check:
    """Judge the cores and threads of all ranks."""
    wrong = problem(places, started) or idle_cores(places, started)
    if wrong is not None:
        return Check(WHAT, wrong.what, "warn", wrong.advice)
    hosts = len({each.host for each in places})
    threads = sorted({each.threads for each in places})
    each = f"{threads[0]}" if len(threads) == 1 else f"{threads[0]} to {threads[-1]}"
    value = f"{len(places)} ranks on {hosts} host{'s' * (hosts > 1)}, {each} thread{'s' * (threads[-1] > 1)} each"
    return Check(WHAT, value)
