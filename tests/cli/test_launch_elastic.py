"""`dtrain launch --elastic`: what it adds to the command, and when it cannot."""

from __future__ import annotations

import pytest

from dtrain.cli.elastic import elastic_variables
from dtrain.cli.errors import UserError
from dtrain.cli.matching_mpirun import Mpirun

OPEN_MPI_5 = Mpirun("/opt/mpirun", "Open MPI", "mpirun (Open MPI) 5.0.11")


def test_the_ranks_are_told_by_variables() -> None:
    assert elastic_variables(OPEN_MPI_5, 4, None) == {"DTRAIN_ELASTIC": "1"}
    assert elastic_variables(OPEN_MPI_5, 4, 2) == {"DTRAIN_ELASTIC": "1", "DTRAIN_MIN_RANKS": "2"}


@pytest.mark.parametrize(
    "mpirun",
    [Mpirun("/opt/mpirun", "Open MPI", "mpirun (Open MPI) 4.1.6"), Mpirun("/opt/mpirun", "MPICH", "HYDRA 5.0.2")],
)
def test_an_mpirun_that_ends_the_job_with_its_first_rank_is_refused(mpirun: Mpirun) -> None:
    with pytest.raises(UserError, match="needs the mpirun of Open MPI 5 or later"):
        elastic_variables(mpirun, 4, None)


def test_more_ranks_to_keep_than_there_are_is_an_error() -> None:
    with pytest.raises(UserError, match="--min-ranks 5 -n 4"):
        elastic_variables(OPEN_MPI_5, 4, 5)
