from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.launch.project import REPORT

SLURM = {"SLURM_NTASKS": "4", "SLURM_CPUS_PER_TASK": "2", "SLURM_JOB_ID": "1"}


@pytest.fixture
def slurm(project):
    return {**SLURM, "SLURM_SUBMIT_DIR": str(project.root)}


def spooled(project, script: str) -> str:
    """Schedulers run a copy of the script from a folder of their own."""
    copy = project.root / "spool" / "script"
    project.program(copy, (project.root / script).read_text())
    return "spool/script"


def test_slurm_starts_a_rank_for_each_task_with_its_cores_as_threads(project, slurm):
    done = project.run(spooled(project, "launch/slurm.sbatch"), "c.toml", "train.epochs=2", **slurm)
    assert done.returncode == 0, done.stderr
    assert f"arguments=-n 4 {project.venv}/bin/dtrain train c.toml train.epochs=2\n" in done.stdout
    assert "OPENBLAS_NUM_THREADS=2\n" in done.stdout


def machine_mpi(project, *, pmix: bool) -> dict[str, str]:
    """An MPI of the machine that works, and an srun that does or does not speak PMIx."""
    tools = project.root / "machine"
    project.program(tools / "mpirun", '#!/bin/bash\ncase "$*" in *-c*) echo "two ranks met"; exit ;; esac\n' + REPORT)
    listed = "MPI plugin types are... pmix" if pmix else "none"
    project.program(tools / "srun", f'#!/bin/bash\n[ "$1" = --mpi=list ] && echo "{listed}" && exit\n' + REPORT)
    (project.venv / ".dtrain/openmpi").unlink()
    return {"DTRAIN_MPI": "system", "PATH": f"{tools}:/usr/bin:/bin"}


def test_slurm_itself_starts_the_ranks_of_the_machines_mpi_where_it_speaks_pmix(project, slurm):
    done = project.run("launch/slurm.sbatch", "c.toml", **slurm, **machine_mpi(project, pmix=True))
    assert "program=srun\n" in done.stdout
    assert "arguments=--mpi=pmix --cpus-per-task=2 --kill-on-bad-exit=1" in done.stdout


def test_without_pmix_the_machines_mpirun_starts_the_ranks(project, slurm):
    done = project.run("launch/slurm.sbatch", "c.toml", **slurm, **machine_mpi(project, pmix=False))
    assert "program=mpirun\n" in done.stdout and "arguments=-n 4" in done.stdout


def test_the_exit_status_of_the_job_is_that_of_the_batch_script(project, slurm):
    assert project.run("launch/slurm.sbatch", "c.toml", FAKE_STATUS="5", **slurm).returncode == 5


def test_slurms_warning_signal_reaches_the_job_which_then_ends_in_its_own_time(project, slurm, tmp_path):
    ready = tmp_path / "ready"
    project.program(
        project.venv / "bin/mpirun",
        '#!/bin/bash\n[ "$1" = --version ] && exit\ntrap "echo saved; sleep 0.5; exit 3" USR1\n'
        f'touch "{ready}"\nfor _ in $(seq 200); do sleep 0.1; done\n',
    )
    environment = {**os.environ, **slurm, "DTRAIN_MPI": "openmpi"}
    job = subprocess.Popen(
        [project.root / "launch/slurm.sbatch", "c.toml"], env=environment, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    job.send_signal(signal.SIGUSR1)
    out, _ = job.communicate(timeout=30)
    assert out == "saved\n" and job.returncode == 3


def test_pbs_starts_the_ranks_that_its_node_file_names(project, tmp_path):
    nodes = tmp_path / "nodes"
    nodes.write_text("b\na\nb\n")
    variables = {"PBS_O_WORKDIR": str(project.root), "PBS_NODEFILE": str(nodes), "CONFIG": "c.toml", "NCPUS": "4"}
    done = project.run(spooled(project, "launch/pbs.sh"), ARGS="train.epochs=2 --resume", **variables)
    assert done.returncode == 0, done.stderr
    assert "hostfile=a slots=1,b slots=2\n" in done.stdout
    assert f"-n 3 {project.venv}/bin/dtrain train c.toml train.epochs=2 --resume\n" in done.stdout


@pytest.mark.parametrize("script", ["launch/slurm.sbatch", "launch/pbs.sh"])
def test_outside_a_job_the_scripts_say_how_to_submit_them(project, script):
    done = project.run(script, "c.toml")
    assert done.returncode != 0 and script in done.stderr and not done.stdout
