"""What `dtrain launch` would run, for each kind of MPI, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dtrain.cli import launch_command, matching_mpirun
from dtrain.cli.errors import UserError
from dtrain.cli.launch_command import make_command, parse_hosts, program_words
from dtrain.cli.matching_mpirun import Library, Mpirun
from tests.cli.runs import dtrain

OPEN_MPI_5 = Mpirun("/o5/bin/mpirun", "Open MPI", "mpirun (Open MPI) 5.0.11")
OPEN_MPI_4 = Mpirun("/o4/bin/mpirun", "Open MPI", "mpirun (Open MPI) 4.1.6")
MPICH = Mpirun("/m/bin/mpirun", "MPICH", "HYDRA build details")
INTEL = Mpirun("/i/bin/mpirun", "Intel MPI", "Intel(R) MPI Library")
PROGRAM = ["python", "a.py"]


@pytest.fixture(params=[False, True])
def root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(launch_command, "is_root", lambda: request.param)
    return bool(request.param)


@pytest.mark.parametrize(
    ("mpirun", "oversubscribe"),
    [
        (OPEN_MPI_5, ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")),
        (OPEN_MPI_4, ("OMPI_MCA_rmaps_base_oversubscribe", "1")),
    ],
)
def test_open_mpi_is_given_leave_only_where_it_needs_it(mpirun: Mpirun, oversubscribe: tuple[str, str], root: bool):
    few, many = (make_command(mpirun, n, [], PROGRAM, 4, 8, environment={}) for n in (4, 5))
    assert ("OMPI_ALLOW_RUN_AS_ROOT" in few.variables) is root
    assert oversubscribe not in few.variables.items() and oversubscribe in many.variables.items()
    assert (few.variables["OMP_NUM_THREADS"], many.variables["OMP_NUM_THREADS"]) == ("2", "1")
    assert "none" in few.variables.values() and few.words == [mpirun.path, "-n", "4", *PROGRAM]
    assert set(many.reasons) == set(many.variables)


def test_mpich_needs_nothing_but_threads():
    made = make_command(MPICH, 9, [], PROGRAM, 4, 4, environment={})
    assert {name for name in made.variables if "NUM_THREADS" not in name} == {"VECLIB_MAXIMUM_THREADS"}


def test_what_the_user_has_set_stays():
    environment = {"OMP_NUM_THREADS": "3", "PRTE_MCA_hwloc_default_binding_policy": "core"}
    made = make_command(OPEN_MPI_5, 2, [], PROGRAM, 4, 4, environment=environment)
    assert not {name for name in made.variables if "THREADS" in name or "binding" in name}


def test_hosts_get_their_ranks_and_the_variables_they_need():
    environment = {"DTRAIN_REDUCTION": "shared", "PYTHONPATH": "/p", "HOME": "/root", "OMP_NUM_THREADS": "2"}
    hosts = parse_hosts("a:2, b")
    open_mpi, mpich = (make_command(m, 3, hosts, PROGRAM, 1, 1, ["-v"], environment) for m in (OPEN_MPI_5, MPICH))
    passed = ["DTRAIN_REDUCTION", "OMP_NUM_THREADS", "PYTHONPATH"]
    shown = " ".join(f"-x {name}" for name in passed)
    assert open_mpi.shown().endswith(f"/o5/bin/mpirun --host a:2,b:1 {shown} -v -n 3 python a.py")
    assert mpich.shown().endswith(f"/m/bin/mpirun -hosts a:2,b:1 -genvlist {','.join(passed)} -v -n 3 python a.py")
    assert not any(":oversubscribe" in value for value in open_mpi.variables.values())


def test_intel_mpi_takes_equal_hosts_only():
    made = make_command(INTEL, 4, parse_hosts("a:2,b:2"), PROGRAM, 1, 1, environment={})
    assert made.words[1:5] == ["-hosts", "a,b", "-ppn", "2"]
    with pytest.raises(UserError, match="Intel MPI takes one number"):
        make_command(INTEL, 3, parse_hosts("a:2,b:1"), PROGRAM, 1, 1, environment={})


@pytest.mark.parametrize("text", ["", "a:", "a:0", ":2", "a:2,,b", "a b", "a:-1"])
def test_hosts_without_name_or_number_are_refused(text: str):
    with pytest.raises(UserError, match="HOST:RANKS"):
        parse_hosts(text)


def test_a_script_is_run_by_this_python_and_a_command_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("a.py").touch()
    assert program_words(["a.py", "-n", "3"]) == [sys.executable, "a.py", "-n", "3"]
    assert program_words(["-m", "module"]) == [sys.executable, "-m", "module"]
    assert program_words(["sh", "x"])[0].endswith("/sh")
    for words in (["b.py"], ["no-such-command"]):
        with pytest.raises(UserError):
            program_words(words)


def test_the_mpirun_of_the_loaded_library_comes_before_those_on_the_path(tmp_path: Path, monkeypatch):
    for name in ("own/bin", "own/lib", "other"):
        (tmp_path / name).mkdir(parents=True)
    for place in ("own/bin", "other"):
        (tmp_path / place / "mpirun").write_text("")
        (tmp_path / place / "mpirun").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "other"))
    monkeypatch.setattr(matching_mpirun.sys, "executable", str(tmp_path / "python" / "python"))
    own = str(tmp_path / "own" / "bin" / "mpirun")
    monkeypatch.setattr(matching_mpirun, "version_text", lambda path: "HYDRA" if path == own else "Open MPI")
    library = str(tmp_path / "own" / "lib" / "libmpi.so")
    assert matching_mpirun.matching_mpirun(Library("MPICH Version: 5", library)).path == own
    assert matching_mpirun.matching_mpirun(Library("Open MPI v5", library)).path.startswith(str(tmp_path / "other"))
    with pytest.raises(UserError, match="no mpirun belongs to MPICH.*other/mpirun .Open MPI"):
        matching_mpirun.matching_mpirun(Library("MPICH Version: 5", ""))


def test_without_a_number_of_processes_it_asks():
    result = dtrain("launch", "a.py")
    assert result.exit_code == 2 and "-n N" in result.output


def test_open_mpi_looks_after_its_hosts_where_it_has_some():
    hosts = parse_hosts("a,b")
    names = {
        mpirun: {
            name for name in make_command(mpirun, 2, places, PROGRAM, 4, 4, environment={}).variables if "alive" in name
        }
        for mpirun, places in ((OPEN_MPI_5, hosts), (OPEN_MPI_4, hosts), (MPICH, hosts))
    }
    assert names[OPEN_MPI_5] == {f"PRTE_MCA_oob_tcp_keepalive_{name}" for name in ("time", "intvl", "probes")}
    assert not names[OPEN_MPI_4] and not names[MPICH]
    assert "alive" not in str(make_command(OPEN_MPI_5, 2, [], PROGRAM, 4, 4, environment={}).variables)
