"""A. Processes: errors, exits, deaths, pauses and signals."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mpi.launcher import is_open_mpi
from tests.torture.acts import continue_after, kill_all, tell_launcher
from tests.torture.case import DONE, FAILED, Case, open_mpi
from tests.torture.checks import no_traceback, one_traceback, stopped_by_signal

AGAIN = 75  # not done, try again
STALL = {"DTRAIN_STALL_S": "1"}


def cases() -> Iterator[Case]:
    """Every case of processes but those of elastic mode."""
    yield from _errors()
    yield from _exits()
    yield from _deaths()
    yield from _everywhere()
    yield from _pauses()
    yield from _signals()


def _errors() -> Iterator[Case]:
    """One rank raises an error: all end within seconds, with one traceback that names the rank."""
    yield Case("error-import", "A1", arguments=("--fail", "import"), says=["wanted at import"], check=one_traceback)
    for place in ("build", "forward", "backward", "loader", "step 9", "epoch 1", "evaluate", "end"):
        yield Case(
            f"error-{place.replace(' ', '-')}", "A1", arguments=("--fail", place), says=["rank 1 of 2 failed"],
            check=one_traceback, quick=place == "epoch 1",
        )  # fmt: skip
    yield Case(
        "error-rank-0", "A1", arguments=("--fail", "step 9", "--odd", "0"), says=["rank 0 of 2 failed"],
        check=one_traceback,
    )  # fmt: skip
    for phase in ("data", "compute", "reduce", "update", "metrics", "callbacks", "validation", "epoch_end"):
        place = f"at={phase},nth=2" if phase in ("validation", "epoch_end") else f"at={phase},step=9"
        yield Case(
            f"error-{phase}", "A1", f"raise:rank=1,{place}", says=["rank 1 of 2 failed"], check=one_traceback,
        )  # fmt: skip
    yield Case(
        "error-checkpoint-thread", "A1", "raise:rank=0,at=write,nth=2", says=["rank 0 of 2 failed", "wanted this"],
        check=one_traceback,
    )  # fmt: skip


def _exits() -> Iterator[Case]:
    yield Case("sys-exit", "A2", "exit:rank=1,step=9", says=["rank 1 of 2 ended the job: exit status 3"], quick=True)
    yield Case("sys-exit-rank-0", "A2", "exit:rank=0,step=9", says=["rank 0 of 2 ended the job: exit status 3"])
    yield Case("os-exit-3", "A2", "os_exit:rank=1,step=9")
    # Hydra, the launcher of MPICH, takes this for the end of a job that is done: it ends, and can be started again.
    yield Case("os-exit-0", "A2", "os_exit:rank=1,step=9,status=0", ends=FAILED if is_open_mpi() else (0,))


def _deaths() -> Iterator[Case]:
    """A rank is killed: the job ends within seconds, and one that is started again ends as if nothing had been."""
    for rank in range(3):
        for place in ("step=9", "step=9,at=reduce", "step=9,at=update", "at=validation,nth=2"):
            name = f"kill-{rank}-{place.replace('=', '-').replace(',', '-')}"
            yield Case(name, "A3", f"kill:rank={rank},{place}", ranks=3)
    yield Case("kill-0", "A3", "kill:rank=0,step=9", quick=True)
    yield Case("kill-between-steps", "A3", "kill:rank=1,step=13,at=data")
    yield Case("kill-all", "A3", arguments=("--pace", "0.05"), act=kill_all, quick=True)
    yield Case("two-die", "A7", "kill:rank=1,step=9; kill:rank=2,step=9", ranks=4)
    yield Case("kill-in-reduce-reproducible", "A9", "kill:rank=1,step=9,at=reduce", ("--reproducible",), quick=True)


def _everywhere() -> Iterator[Case]:
    """Each kind of sudden end, on the first, a middle and the last rank, from the start to the last barrier."""
    for kind, how in (("kill", "kill"), ("segv", "segv"), ("memory", "memory")):
        for rank in range(3):
            for place, fault in (
                ("first-step", "step=0"), ("in-bucket", "step=9,at=reduce"), ("evaluation", "at=validation,nth=2"),
            ):  # fmt: skip
                says = [f"rank {rank} of 3 failed", "MemoryError"] if kind == "memory" else []
                yield Case(f"{kind}-{rank}-{place}", "A3", f"{kind}:rank={rank},{fault}", ranks=3, says=says)
            for place in ("import", "evaluate", "end"):
                yield Case(
                    f"{kind}-{rank}-at-{place}", "A3", ranks=3,
                    arguments=("--fail", place, "--odd", str(rank), "--how", how),
                )  # fmt: skip
        yield Case(f"{kind}-in-save", "A3", f"{kind}:rank=0,at=half,nth=3", ranks=3)


def _pauses() -> Iterator[Case]:
    yield Case("slow-rank", "A5", "sleep:rank=1,s=0.3,times=8", ends=DONE, resumed=False, quick=True)
    yield Case(
        "slower-than-the-limit", "A5", "sleep:rank=1,step=9,s=3", ends=DONE, resumed=False, environment=STALL,
        says=["rank 1 (host", "that wait is over", "The job goes on"],
    )  # fmt: skip
    yield Case(
        "slow-rank-is-named", "A5", "sleep:rank=1,s=0.2,times=all", ("--verbose", "2"), ends=DONE, resumed=False,
        says=["rank 1 slowest by"],
    )  # fmt: skip
    yield Case("stop-and-continue", "A4", "stop:rank=1,step=9", ends=DONE, resumed=False, act=continue_after(2.0))
    for rank in range(2):
        yield Case(
            f"stopped-{rank}-is-named", "A4", f"stop:rank={rank},step=9", ends=DONE, resumed=False,
            act=continue_after(4.0), environment=STALL, says=[f"rank {rank} (host", "stopped, as by SIGSTOP"],
        )  # fmt: skip
        yield Case(
            f"stopped-{rank}-is-too-long", "A4", f"stop:rank={rank},step=9", within_s=12.0,
            environment={**STALL, "DTRAIN_STALL_ABORT_S": "3"}, says=[f"rank {rank} (host", "The job is ended"],
        )  # fmt: skip


def _signals() -> Iterator[Case]:
    """A signal to any rank or to the launcher: the state after one step is saved, and the run can go on."""
    for name in ("usr1", "term", "int"):
        ends = FAILED if name == "int" else (AGAIN,)
        yield Case(
            f"{name}-to-a-rank", "A6", f"{name}:rank=1,step=9", ends=ends, quick=name == "usr1",
            says=[f"Stopped by SIG{name.upper()} after step"], check=stopped_by_signal,
        )  # fmt: skip
    yield Case(
        "usr1-to-the-launcher", "A6", arguments=("--pace", "0.05"), act=tell_launcher("USR1"), ends=(AGAIN,),
        says=["Stopped by SIGUSR1 after step"], check=stopped_by_signal, needs=open_mpi,
    )  # fmt: skip
    for name in ("TERM", "INT"):
        for times in (1, 2):
            yield Case(
                f"{name.lower()}-to-the-launcher{'-twice' * (times == 2)}", "A6", arguments=("--pace", "0.05"),
                act=tell_launcher(name, times), check=no_traceback if name == "TERM" else None,
            )  # fmt: skip
