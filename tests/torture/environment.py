"""E. Environment: threads, cores, memory, what is not installed, launchers, hosts, and many runs in one process."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.mpi.launcher import ROOT, find_mpirun, is_open_mpi
from tests.torture.case import DONE, FAILED, Case, nothing
from tests.torture.checks import SMOOTH, as_one_process
from tests.torture.jobs import can_mount

HERE = Path(__file__).parent
BITS = ("--reproducible",)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def cases() -> Iterator[Case]:
    """Every case of the environment."""
    yield from _threads()
    yield from _shared_memory()
    yield from _imports()
    yield from _launchers()
    yield from _ways()
    for ranks in (1, 2):
        yield Case(f"many-cycles-on-{ranks}", "E31", program=HERE / "cycles.py", ranks=ranks, ends=DONE, resumed=False)


def _threads() -> Iterator[Case]:
    for value in ("1", "64", "0", "-3", "many", ""):
        yield Case(
            f"threads-{value or 'empty'}", "E27", arguments=BITS, ends=DONE, resumed=False,
            environment=dict.fromkeys(_THREADS, value),
        )  # fmt: skip
    yield Case(
        "threads-unset", "E27", arguments=BITS, ends=DONE, resumed=False,
        through=("env", *(word for name in _THREADS for word in ("-u", name))),
    )  # fmt: skip
    yield Case("one-core", "E27", arguments=BITS, ends=DONE, resumed=False, through=("taskset", "-c", "0"))
    group = 'mkdir "$g" && echo 20000 > "$g/cpu.cfs_quota_us" && echo $$ > "$g/cgroup.procs" || exit 9'
    leave = 'echo $$ > /sys/fs/cgroup/cpu/cgroup.procs; rmdir "$g"'
    yield Case(
        "control-group-of-a-fifth-core", "E27", arguments=BITS, ends=DONE, resumed=False, needs=_no_group,
        through=("sh", "-c", f'g=/sys/fs/cgroup/cpu/torture.$$; {group}; "$@"; s=$?; {leave}; exit $s', "sh"),
    )  # fmt: skip


def _no_group() -> str:
    root = Path("/sys/fs/cgroup/cpu")
    return "" if (root / "cpu.cfs_quota_us").exists() and os.access(root, os.W_OK) else "needs control groups"


def _shared_memory() -> Iterator[Case]:
    for size in ("4k", "256k"):
        mounted = f'mount -t tmpfs -o size={size} none /dev/shm || exit 9; exec "$@"'
        yield Case(
            f"shared-memory-of-{size}", "E27", arguments=BITS, ends=DONE, resumed=False, needs=_small_shared,
            through=("sh", "-c", mounted, "sh"),
        )  # fmt: skip
    for way in ("memfd_create", "posix_fallocate"):
        yield Case(
            f"no-{way.replace('_', '-')}", "E27", arguments=("--without", way, *BITS), ends=DONE, resumed=False,
            says=["gradients are added by MPI's Allreduce"],
        )  # fmt: skip


def _small_shared() -> str:
    # MPICH puts its own queues there and ends with a bus error, before a line of dtrain has run.
    return can_mount() or ("" if is_open_mpi() else "needs Open MPI")


def _imports() -> Iterator[Case]:
    """Processes without MPI, and programs that are no plain script."""
    for name, content in (("missing", "raise ImportError('none')\n"), ("without-mpi", "def rc(**settings): pass\n")):
        path = f"PYTHONPATH=FOLDER/fake{os.pathsep}{ROOT}"
        for ranks in (1, 2):
            yield Case(
                f"mpi4py-{name}-on-{ranks}", "E28", arguments=BITS, ranks=ranks, through=("env", path),
                before=_fake_mpi4py(content), resumed=False, ends=DONE if ranks == 1 else FAILED,
                says=[] if ranks == 1 else ["mpi4py", "pip install"],
            )  # fmt: skip
    for way in ("fork", "pool", "thread", "notebook", "xdist"):
        yield Case(
            f"in-a-{way}", "E28", program=HERE / "places.py", arguments=(way,), ranks=1, ends=DONE, resumed=False,
            needs=_no_xdist if way == "xdist" else nothing,
        )  # fmt: skip


def _fake_mpi4py(content: str) -> Callable[[Path], None]:
    """An mpi4py that cannot be imported, or one that finds no library."""

    def act(folder: Path) -> None:
        package = folder / "fake" / "mpi4py"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(content)
        (package / "MPI.py").write_text("raise RuntimeError('cannot load MPI library')\n")

    return act


def _no_xdist() -> str:
    return "" if importlib.util.find_spec("xdist") else "needs pytest-xdist"


def _launchers() -> Iterator[Case]:
    mpirun = str(find_mpirun())
    more = ["--oversubscribe"] if is_open_mpi() else []
    yield Case(
        "launcher-of-one", "E29", arguments=BITS, ranks=1, launcher=(mpirun, "-n", "1"), ends=DONE, resumed=False
    )
    srun = f'{_SLURM_OPEN_MPI if is_open_mpi() else _SLURM_HYDRA}; exec "$@"'
    yield Case(
        "srun", "E29", arguments=BITS, launcher=(mpirun, *more, "-n", "2", "sh", "-c", srun, "sh"), ends=DONE,
        resumed=False,
    )  # fmt: skip
    yield Case("six-ranks", "E29", arguments=BITS, ranks=6, ends=DONE, resumed=False)
    for hosts in ("0,1", "0,0,1", "0,1,1,1", "0,0,1,1", "0,1,2,2"):
        yield Case(
            f"hosts-{hosts.replace(',', '')}", "E29", arguments=("--hosts", hosts, *BITS), ranks=len(hosts) // 2 + 1,
            ends=DONE, resumed=False,
        )  # fmt: skip


_SLURM_OPEN_MPI = (
    "export SLURM_PROCID=$OMPI_COMM_WORLD_RANK SLURM_STEP_NUM_TASKS=2 SLURM_LOCALID=$OMPI_COMM_WORLD_LOCAL_RANK "
    "SLURM_STEP_TASKS_PER_NODE=2 SLURM_NODEID=0; "
    "unset OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE OMPI_COMM_WORLD_LOCAL_RANK OMPI_COMM_WORLD_LOCAL_SIZE"
)
_SLURM_HYDRA = (
    "export SLURM_PROCID=$PMI_RANK SLURM_STEP_NUM_TASKS=2 SLURM_LOCALID=$MPI_LOCALRANKID "
    "SLURM_STEP_TASKS_PER_NODE=2 SLURM_NODEID=0; unset MPI_LOCALNRANKS MPI_LOCALRANKID"
)


def _ways() -> Iterator[Case]:
    """The ways gradients are added: bits do not depend on them in reproducible mode, else only the rounding does."""
    for ranks, hosts in ((2, "0,0"), (3, "0,0,0"), (4, "0,0,0,0"), (4, "0,0,1,1"), (3, "0,1,2")):
        for way in ("allreduce", "shared"):
            for bucket in ("64", "4000000") if hosts == "0,0,0" else ("64",):
                for mode in (SMOOTH, BITS):
                    name = f"{'bits' if mode == BITS else 'numbers'}-by-{way}-{hosts.replace(',', '')}-in-{bucket}"
                    yield Case(
                        name, "E30", arguments=("--hosts", hosts, "--bucket", bucket, *mode), ranks=ranks, ends=(0,),
                        resumed=False, environment={"DTRAIN_REDUCTION": way}, check=as_one_process(*mode),
                    )  # fmt: skip
    yield Case(
        "faults-that-never-come", "E30", arguments=(), ends=DONE, resumed=False,
        environment={"DTRAIN_FAULT": "kill:step=9999; nan:step=9999; diskfull:nth=9999; sleep:at=reduce,nth=9999"},
    )  # fmt: skip
