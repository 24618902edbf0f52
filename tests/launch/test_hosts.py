from __future__ import annotations

import pytest

from tests.launch.project import MPICH


@pytest.fixture
def hostfile(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("# two kinds of lines\nnode1 slots=4 max_slots=8\nnode2:2  # MPICH's form\n\nnode3\n")
    return str(path)


def test_open_mpi_gets_its_form_of_the_host_file_and_all_ranks(project, hostfile):
    done = project.run("launch/hosts.sh", hostfile, "c.toml", "train.epochs=2")
    assert done.returncode == 0, done.stderr
    assert "hostfile=node1 slots=4,node2 slots=2,node3 slots=1\n" in done.stdout
    assert f"-n 7 {project.venv}/bin/dtrain train c.toml train.epochs=2\n" in done.stdout
    assert "7 ranks on: node1 (4), node2 (2), node3 (1)" in done.stderr


def test_mpich_gets_its_form_of_the_host_file(project, hostfile):
    project.installed("mpich")
    (project.venv / ".dtrain/openmpi").unlink()
    done = project.run("launch/hosts.sh", hostfile, "-n", "5", "c.toml", FAKE_VERSION=MPICH, DTRAIN_MPI="mpich")
    assert "hostfile=node1:4,node2:2,node3:1\n" in done.stdout and "-n 5 " in done.stdout


@pytest.mark.parametrize(
    ("version", "expected"), [("mpirun (Open MPI) 5.0.11", "-x DTRAIN_DATA_DIR"), (MPICH, "-genvlist")]
)
def test_the_users_variables_go_to_the_hosts(project, hostfile, version, expected):
    done = project.run("launch/hosts.sh", hostfile, "c.toml", FAKE_VERSION=version, DTRAIN_DATA_DIR="/data")
    arguments = done.stdout.partition("arguments=")[2].partition("\n")[0]
    assert expected in arguments and "DTRAIN_DATA_DIR" in arguments


def test_the_exit_status_is_passed_on_and_the_temporary_host_file_removed(project, hostfile, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = project.run("launch/hosts.sh", hostfile, "c.toml", FAKE_STATUS="9", TMPDIR=str(temporary))
    assert done.returncode == 9 and not list(temporary.iterdir())


def test_a_lost_host_is_no_success_although_mpirun_says_so(project, hostfile):
    words = "PRTE has lost communication with a remote daemon, and therefore will terminate the job.\n"
    done = project.run("launch/hosts.sh", hostfile, "c.toml", FAKE_ERROR=words)
    assert done.returncode == 1 and words in done.stderr and "has lost a host" in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node1 cores=4", "expected HOST, HOST:N or HOST slots=N. Received: node1 cores=4"),
        ("# nothing", "names no host"),
    ],
)
def test_a_host_file_that_is_none_is_refused(project, tmp_path, text, message):
    path = tmp_path / "hosts"
    path.write_text(text + "\n")
    done = project.run("launch/hosts.sh", str(path), "c.toml")
    assert done.returncode == 2 and message in done.stderr and not done.stdout


def test_host_file_and_configuration_must_be_given(project, hostfile):
    assert "needs a host file first" in project.run("launch/hosts.sh").stderr
    assert "cannot read the host file" in project.run("launch/hosts.sh", "missing", "c.toml").stderr
    assert "needs a configuration" in project.run("launch/hosts.sh", hostfile).stderr


def test_places_are_those_of_the_host_file_and_not_of_this_machine(project, tmp_path):
    path = tmp_path / "hosts"
    path.write_text("node1 slots=500\n")
    assert "=:oversubscribe" not in project.run("launch/hosts.sh", str(path), "c.toml").stdout
    assert "=:oversubscribe" in project.run("launch/hosts.sh", str(path), "-n", "501", "c.toml").stdout
