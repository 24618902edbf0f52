"""`dtrain launch --elastic`: what it adds to the command, and when it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dtrain.cli import matching_mpirun
from dtrain.cli.elastic import elastic_variables
from dtrain.cli.errors import UserError
from dtrain.cli.matching_mpirun import Library, Mpirun
from dtrain.distributed import cores
from dtrain.distributed.threads import VARIABLES
from tests.cli.runs import dtrain

OPEN_MPI_5 = Mpirun("/opt/mpirun", "Open MPI", "mpirun (Open MPI) 5.0.11")


def test_the_ranks_are_told_by_variables() -> None:
    assert elastic_variables(OPEN_MPI_5, 4, None) == {"DTRAIN_ELASTIC": "1"}
    assert elastic_variables(OPEN_MPI_5, 4, 2) == {"DTRAIN_ELASTIC": "1", "DTRAIN_MIN_RANKS": "2"}
    assert elastic_variables(OPEN_MPI_5, 4, None, spares=1) == {"DTRAIN_ELASTIC": "1", "DTRAIN_WORKERS": "4"}


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


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What `dtrain launch --dry-run` says with some options."""
    monkeypatch.setattr(matching_mpirun, "loaded_library", lambda: Library("Open MPI v5.0.11", ""))
    monkeypatch.setattr(matching_mpirun, "matching_mpirun", lambda library: OPEN_MPI_5)
    monkeypatch.setattr(cores, "share", lambda local_size: 16)
    for name in (*VARIABLES, "DTRAIN_WORKERS", "DTRAIN_ELASTIC"):
        monkeypatch.delenv(name, raising=False)

    def launch(*options: str) -> str:
        return dtrain("launch", "--dry-run", *options, __file__).output

    return launch


def test_spares_are_started_beside_the_ranks_that_were_asked_for(launched: Callable[..., str]) -> None:
    said = launched("--elastic", "--replace", "2", "-n", "3")
    assert "DTRAIN_WORKERS=3 /opt/mpirun --with-ft ulfm -n 5 " in said
    assert "OMP_NUM_THREADS=4: 16 usable cores, less 2 for spares, divided by 3 (ranks)" in said


def test_on_all_places_of_hosts_the_spares_have_the_last_ones(launched: Callable[..., str]) -> None:
    said = launched("--elastic", "--replace", "2", "--hosts", "a:2,b:2,c:2")
    assert "DTRAIN_WORKERS=4 /opt/mpirun" in said and "-x DTRAIN_WORKERS" in said and "-n 6 " in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--replace", "1", "-n", "2"], "--replace says how many ranks an elastic job has to spare"),
        (["--elastic", "--replace", "4", "--hosts", "a:2,b:2"], "--replace 4 leaves no process to work"),
        (["--elastic", "--replace", "1", "--min-ranks", "4", "--hosts", "a:2,b:2"], "--min-ranks 4 -n 3"),
    ],
)
def test_spares_that_cannot_be_are_an_error(launched: Callable[..., str], options: list[str], message: str) -> None:
    assert message in launched(*options)
