"""What `dtrain launch --elastic` adds to the command: Open MPI's fault tolerance, and the variables of elastic mode."""

from __future__ import annotations

import re

from dtrain.cli.errors import UserError
from dtrain.cli.matching_mpirun import Mpirun
from dtrain.cli.mpirun import OPEN_MPI
from dtrain.distributed.spares import VARIABLE

OPTIONS = ["--with-ft", "ulfm"]


def elastic_variables(mpirun: Mpirun, ranks: int, min_ranks: int | None, spares: int = 0) -> dict[str, str]:
    """Return the variables by which the ranks know that they are elastic.

    Args:
        mpirun: by which the job is started.
        ranks: number of processes that have rows.
        min_ranks: how many of them the job needs to go on; None: one.
        spares: number of processes besides.

    Raises:
        UserError: this mpirun cannot let a job go on without a rank, or there are fewer ranks than it is to keep.
    """
    version = re.search(r"\(Open MPI\) (\d+)", mpirun.text)
    if mpirun.family != OPEN_MPI or version is None or int(version[1]) < 5:
        raise UserError(
            f"--elastic needs the mpirun of Open MPI 5 or later. {mpirun.path} is another one, and ends the whole job "
            "when a rank dies: use --max-restarts, which starts it again from its newest checkpoint"
        )
    if min_ranks is not None and min_ranks > ranks:
        raise UserError(
            f"--min-ranks must not be more than the processes. Received: --min-ranks {min_ranks} -n {ranks}"
        )
    least = {} if min_ranks is None else {"DTRAIN_MIN_RANKS": str(min_ranks)}
    workers = {VARIABLE: str(ranks)} if spares else {}
    return {"DTRAIN_ELASTIC": "1", **least, **workers}
