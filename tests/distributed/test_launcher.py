"""Which launcher started a process, told by made-up environments."""

import pytest

from dtrain.distributed.launcher import Launch, detect

OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "8",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    "PMIX_RANK": "3",
    "PMIX_NAMESPACE": "prterun-host-1@1",
}
HYDRA = {"PMI_RANK": "2", "PMI_SIZE": "4", "MPI_LOCALRANKID": "0", "MPI_LOCALNRANKS": "2"}
ALLOCATION = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_TASKS_PER_NODE": "2(x2)"}
STEP = ALLOCATION | {
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_STEP_ID": "0",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Launch("serial", 0, 1, 0, 1)),
        (OPEN_MPI, Launch("openmpi", 3, 8, 1, 2)),
        (HYDRA, Launch("hydra", 2, 4, 0, 2)),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, Launch("pmi", 1, 2, 0, 1)),
        (STEP, Launch("slurm", 3, 4, 1, 2)),
        (STEP | {"PMI_RANK": "3", "PMI_SIZE": "4"}, Launch("slurm", 3, 4, 1, 2)),
        (STEP | {"PMIX_RANK": "3", "PMIX_NAMESPACE": "slurm.pmix.7.0"}, Launch("slurm", 3, 4, 1, 2)),
        ({"PMIX_RANK": "1", "PMIX_NAMESPACE": "x"}, Launch("pmix", 1, 0, 0, 1)),
        (ALLOCATION | OPEN_MPI, Launch("openmpi", 3, 8, 1, 2)),
        (STEP | HYDRA, Launch("hydra", 2, 4, 0, 2)),
    ],
)
def test_each_launcher_is_known_by_its_variables(environ: dict[str, str], expected: Launch) -> None:
    assert detect(environ) == expected


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param(ALLOCATION, id="salloc"),
        pytest.param(ALLOCATION | {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}, id="sbatch"),
        pytest.param(
            ALLOCATION | {"SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1"},
            id="interactive step of salloc",
        ),
        pytest.param({"PBS_JOBID": "1", "PBS_NODEFILE": "/var/nodes", "NCPUS": "8"}, id="qsub -I"),
    ],
)
def test_a_shell_inside_an_allocation_is_serial(environ: dict[str, str]) -> None:
    assert not detect(environ).parallel


def test_mpirun_of_one_process_is_not_parallel() -> None:
    assert not detect(OPEN_MPI | {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}).parallel


def test_an_unknown_number_of_processes_is_parallel() -> None:
    assert detect({"PMIX_RANK": "0", "PMIX_NAMESPACE": "x"}).parallel


@pytest.mark.parametrize("value", ["", "-1", "two", "1.5"])
def test_unreadable_variables_count_as_absent(value: str) -> None:
    assert detect(HYDRA | {"PMI_SIZE": value}).launcher == "serial"


def test_uneven_nodes_of_slurm_are_counted_from_its_shorthand() -> None:
    uneven = STEP | {"SLURM_STEP_TASKS_PER_NODE": "3,2(x2),1", "SLURM_STEP_NUM_TASKS": "8"}
    sizes = [detect(uneven | {"SLURM_NODEID": str(node)}).local_size for node in range(4)]
    assert sizes == [3, 2, 2, 1]
