"""The cases: faults of processes, of agreement, of data, of checkpoints and of the environment."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.torture.checks import (
    as_one_process,
    newest_is_refused,
    no_temporary,
    one_state_of_all,
    one_traceback,
    same_digest_on_all,
)
from tests.torture.elastic_cases import elastic_cases
from tests.torture.jobs import Job
from tests.torture.table import DONE, Case


def all_cases() -> list[Case]:
    """Every case, in the order of the list of faults."""
    single = [
        *_errors(),
        *_exits(),
        *_deaths(),
        *_pauses(),
        *_signals(),
        *_agreement(),
        *_data(),
        *_files(),
        *_around(),
    ]
    return [*single, *elastic_cases()]


# -- A. processes -----------------------------------------------------------------------------------------------------


def _errors() -> Iterator[Case]:
    """One rank raises an error: all end within seconds, with one traceback that names the rank."""
    yield Case("error-import", "A1", arguments=("--fail", "import"), says=["wanted at import"])
    for place in ("build", "forward", "loader", "step 9", "epoch 1", "evaluate"):
        yield Case(
            f"error-{place.replace(' ', '-')}", "A1", arguments=("--fail", place), says=["rank 1 of 2 failed"],
            check=one_traceback, quick=place == "epoch 1",
        )  # fmt: skip
    for phase in ("compute", "reduce", "update", "metrics", "callbacks", "validation"):
        yield Case(
            f"error-{phase}", "A1", f"raise:rank=1,step=9,at={phase}".replace("step=9,at=v", "at=v"),
            says=["rank 1 of 2 failed"], check=one_traceback,
        )  # fmt: skip
    yield Case("error-checkpoint", "A1", "raise:rank=0,at=write,nth=2", says=["wanted this error"], check=one_traceback)
    yield Case("memory-error", "A3", "memory:rank=1,step=9,at=compute", says=["rank 1 of 2", "MemoryError"])


def _exits() -> Iterator[Case]:
    yield Case("sys-exit", "A2", "exit:rank=1,step=9", says=["rank 1 of 2 ended the job: exit status 3"], quick=True)
    yield Case("os-exit-3", "A2", "os_exit:rank=1,step=9")
    # Hydra, the launcher of MPICH, takes this for the end of a job that is done.
    yield Case("os-exit-0", "A2", "os_exit:rank=1,step=9,status=0", family="Open MPI")


def _deaths() -> Iterator[Case]:
    """A rank is killed: the job ends within seconds, and one that is started again ends as if nothing had been."""
    for rank in range(3):
        for place in ("step=9", "step=9,at=reduce", "step=9,at=update", "at=validation,nth=2"):
            name = f"kill-{rank}-{place.replace('=', '-').replace(',', '-')}"
            yield Case(name, "A3", f"kill:rank={rank},{place}", ranks=3)
    yield Case("kill-0", "A3", "kill:rank=0,step=9", quick=True)
    yield Case("kill-before-first-step", "A3", "kill:rank=1,step=0")
    yield Case("kill-between-steps", "A3", "kill:rank=1,step=13,at=data")
    yield Case("kill-at-the-end", "A3", "kill:rank=1,at=data,nth=32")
    yield Case("segv", "A3", "segv:rank=1,step=9,at=compute")
    yield Case("two-die", "A7", "kill:rank=1,step=9; kill:rank=2,step=9", ranks=4)
    yield Case("kill-in-reduce-reproducible", "A9", "kill:rank=1,step=9,at=reduce", ("--reproducible",), quick=True)
    for again in (1, 3):
        yield Case(
            f"kill-then-{again}-ranks", "D23", "kill:rank=1,step=15", ("--reproducible",), ranks_again=again,
            quick=again == 3,
        )  # fmt: skip
    for again in (1, 2, 3, 8):
        yield Case(f"saved-by-4-then-{again}", "D25", "kill:rank=3,step=9", ("--reproducible",), 4, ranks_again=again)


def _pauses() -> Iterator[Case]:
    yield Case("slow-rank", "A5", "sleep:rank=1,s=0.3,times=8", ends=DONE, resumed=False, quick=True)
    yield Case("slow-checkpoint", "D24", "sleep:at=half,s=0.5,times=4", ends=DONE, resumed=False)
    yield Case("stop-and-continue", "A4", "stop:rank=1,step=9", ends=DONE, resumed=False, act=continue_after(2.0))


def continue_after(seconds: float) -> Callable[[Job, Path], None]:
    """Let ranks that have been stopped go on after some time."""

    def act(job: Job, folder: Path) -> None:
        def stopped() -> list[int]:
            return [pid for pid in job.pids() if _state(pid) == "T"]

        job.wait_for(lambda: bool(stopped()))
        time.sleep(seconds)
        for pid in stopped():
            os.kill(pid, signal.SIGCONT)

    return act


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def _signals() -> Iterator[Case]:
    """A signal to any rank or to the launcher: the state after one step is saved, and the run can go on."""
    for name in ("usr1", "term", "int"):
        yield Case(
            f"{name}-to-a-rank", "A6", f"{name}:rank=1,step=9", says=[f"Stopped by SIG{name.upper()} after step"],
            check=one_state_of_all, quick=name == "usr1",
        )  # fmt: skip
    for name in ("USR1", "TERM", "INT"):
        yield Case(
            f"{name.lower()}-to-the-launcher", "A6", arguments=("--pace", "0.05"), act=tell_launcher(name),
            family="Open MPI" if name == "USR1" else "",
        )  # fmt: skip


def tell_launcher(name: str) -> Callable[[Job, Path], None]:
    """Send a signal to the launcher once the ranks are at step 9."""

    def act(job: Job, folder: Path) -> None:
        job.wait_for(lambda: made(folder) >= 9)
        job.process.send_signal(getattr(signal, f"SIG{name}"))

    return act


def made(folder: Path, rank: int = 0) -> int:
    """How many steps a rank has made."""
    try:
        return int((folder / "run" / f"step.{rank}").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return 0


# -- B. agreement -----------------------------------------------------------------------------------------------------


def _agreement() -> Iterator[Case]:
    for field, statement, says in (
        ("units", "units = 7", "hidden/kernel: rank 1 has"),
        ("rate", "rate = 0.3", "optimizer learning_rate: rank 1 has"),
        ("optimizer", "optimizer = dtrain.optimizers.SGD", "optimizer: rank 1 has"),
        ("batch", "batch = 4", "batch_size of the training data: rank 1 has"),
        ("seed", "seed = 9", "seed: rank 1 has"),
        ("rows", "rows = 45", "rows of the training data: rank 1 has"),
    ):
        yield Case(
            f"other-{field}", "B10", arguments=("--differ", statement), says=["Ranks differ", says],
            check=one_traceback, resumed=False,
        )  # fmt: skip
    yield Case(
        "drifted-weight", "B12", arguments=("--fail", "drift 7"), says=["hidden/kernel", "after step 8"],
        environment={"DTRAIN_REDUCTION": "allreduce", "DTRAIN_CHECK_STEPS": "4"}, quick=True,
    )  # fmt: skip


# -- C. data ----------------------------------------------------------------------------------------------------------


def _data() -> Iterator[Case]:
    yield Case("nan-raise", "C16", "nan:rank=1,step=9", says=["on rank 1 of 2 the loss is nan", "epoch 2, step 4"])
    for policy in ("skip", "stop"):
        yield Case(
            f"nan-{policy}", "C16", "nan:rank=1,step=9", ("--on-nan", policy), ends=(0,), resumed=False,
            says=["on rank 1 of 2 the loss is nan", "epoch 2, step 4"], check=same_digest_on_all,
        )  # fmt: skip
    for ranks in (2, 3, 4):
        yield Case(f"reproducible-{ranks}", "C14", arguments=("--reproducible",), ranks=ranks, ends=(0,),
                   resumed=False, check=as_one_process, quick=ranks == 3)  # fmt: skip


# -- D. checkpoints ---------------------------------------------------------------------------------------------------


def _files() -> Iterator[Case]:
    for point in ("open", "half", "fsync", "rename", "renamed", "remove", "removed"):
        yield Case(f"kill-in-save-{point}", "D18", f"kill:rank=0,at={point},nth=3", quick=point == "half")
    yield Case("kill-other-rank-in-save", "D18", "sleep:rank=0,at=half,nth=2,s=1; kill:rank=1,step=6")
    for kind, words in (
        ("diskfull", "No space left on device"),
        ("quota", "quota"),
        ("ioerror", "Input/output error"),
        ("readonly", "Read-only file system"),
    ):
        yield Case(f"{kind}-raise", "D20", f"{kind}:rank=0,nth=3", says=["CheckpointError", words], check=one_traceback)
        yield Case(
            f"{kind}-warn", "D20", f"{kind}:rank=0,nth=3,times=3", ("--on-error", "warn"), ends=DONE, resumed=False,
            says=["CheckpointWarning", words, "Training goes on without this checkpoint"], check=no_temporary,
            quick=kind == "diskfull",
        )  # fmt: skip
    for kind in ("bitflip", "truncate"):
        # At the end of an epoch the state of its last step is written anew: the fifth file is that of step 8.
        yield Case(f"{kind}-of-the-newest", "D19", f"{kind}:nth=5; kill:rank=1,step=9", check=newest_is_refused)


# -- E. environment ---------------------------------------------------------------------------------------------------


def _around() -> Iterator[Case]:
    for value in ("1", "64"):
        yield Case(f"threads-{value}", "E27", arguments=("--reproducible",), ends=DONE, resumed=False,
                   environment={"OMP_NUM_THREADS": value, "OPENBLAS_NUM_THREADS": value})  # fmt: skip
    for way in ("allreduce", "shared"):
        yield Case(f"reduction-{way}", "E30", arguments=("--reproducible",), ends=DONE, resumed=False,
                   environment={"DTRAIN_REDUCTION": way})  # fmt: skip
    yield Case("six-ranks", "E29", arguments=("--reproducible",), ranks=6, ends=(0,), resumed=False,
               check=as_one_process)  # fmt: skip
