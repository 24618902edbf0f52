"""Elastic mode: ranks die or hang, the others go on, and the numbers are those of a run that was left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.mpi.launcher import find_mpirun
from tests.torture.case import DONE, Case, open_mpi

SAVED_AND_STOPPED = 75
WORKERS = "DTRAIN_WORKERS"


def cases() -> Iterator[Case]:
    """Every case of elastic mode; all need Open MPI."""
    for rank in range(3):
        for place in ("", ",at=compute", ",at=reduce", ",at=wait", ",at=update", ",at=callbacks", ",at=data"):
            name = f"elastic-kill-{rank}{place.replace(',at=', '-')}"
            yield survived(name, "A8", f"kill:rank={rank},step=9{place}", quick=(rank, place) == (0, ",at=reduce"))
        yield survived(f"elastic-kill-{rank}-validation", "A8", f"kill:rank={rank},at=validation,nth=2")
        yield survived(f"elastic-kill-{rank}-checkpoint", "A8", f"kill:rank={rank},at=checkpoint,nth=3")
        yield survived(f"elastic-kill-{rank}-first-step", "A8", f"kill:rank={rank},step=0")
    for point in ("open", "half", "fsync", "rename", "renamed"):
        yield survived(f"elastic-kill-in-save-{point}", "D18", f"kill:rank=0,at={point},nth=3")
    yield survived("elastic-two-die", "A7", "kill:rank=1,step=9; kill:rank=2,step=9", ranks=4)
    yield survived("elastic-one-after-the-other", "A8", "kill:rank=3,step=5; kill:rank=0,step=14", ranks=4)
    yield survived("elastic-death-in-recovery", "A7", "kill:rank=1,step=9; kill:rank=2,step=9,at=compute", ranks=4)
    yield survived("elastic-all-but-one", "A8", "kill:rank=1,step=4; kill:rank=2,step=8; kill:rank=0,step=12", ranks=4)
    yield survived(
        "elastic-hung", "A4", "stop:rank=1,step=9", environment={"DTRAIN_HUNG_S": "1", "DTRAIN_STALL_S": "30"}
    )  # fmt: skip
    yield survived("elastic-last-step", "A8", "kill:rank=1,step=23,at=update")
    yield survived("elastic-hangs-only-a-while", "A5", "sleep:rank=1,step=9,s=3", environment={"DTRAIN_HUNG_S": "30"})
    yield elastic(
        "elastic-too-few-left", "A7", "kill:rank=1,step=9", ends=(SAVED_AND_STOPPED,), resumed=True,
        says=["2 ranks are left, and --min-ranks"], environment={"DTRAIN_MIN_RANKS": "3"}, quick=True,
    )  # fmt: skip
    yield from _spare_cases()


def _spare_cases() -> Iterator[Case]:
    """Two workers, and spares that take the places of those who die."""
    for rank in range(3):
        said = "a spare, is lost" if rank == 2 else "spare rank 2 takes its place"
        for place in ("", ",at=compute", ",at=reduce", ",at=wait", ",at=update", ",at=data"):
            name = f"spares-kill-{rank}{place.replace(',at=', '-')}"
            yield spared(name, f"kill:rank={rank},step=9{place}", said, quick=(rank, place) == (0, ",at=update"))
        yield spared(f"spares-kill-{rank}-validation", f"kill:rank={rank},at=validation,nth=2", said)
        yield spared(f"spares-kill-{rank}-checkpoint", f"kill:rank={rank},at=checkpoint,nth=3", said)
        yield spared(f"spares-kill-{rank}-first-step", f"kill:rank={rank},step=0", said)
    yield spared("spares-kill-in-save", "kill:rank=0,at=half,nth=3", "spare rank 2 takes its place")
    both = "kill:rank=1,step=9; kill:rank=2,step=9"
    yield spared("spares-worker-and-spare-die", both, "spare rank 3 takes its place", spares=2)
    yield spared("spares-take-two-places", "kill:rank=0,step=9; kill:rank=1,step=9", "2 of 4 ranks go on", spares=2)
    one_by_one = "kill:rank=0,step=5; kill:rank=2,step=12,at=reduce"
    yield spared("spares-that-took-a-place-die", one_by_one, "spare rank 3 takes its place", spares=2)
    yield spared("spares-die-in-recovery", f"{both},at=compute", "no spare is left")
    too_many = "kill:rank=0,step=5; kill:rank=1,step=12"
    yield spared("spares-are-too-few", too_many, "rank 2 alone goes on")
    stopped = {"DTRAIN_HUNG_S": "1", "DTRAIN_STALL_S": "30"}
    yield spared("spares-worker-hung", "stop:rank=1,step=9", "spare rank 2 takes its place", environment=stopped)
    yield spared("spares-spare-hung", "stop:rank=2,step=9", "a spare, is lost", environment=stopped)
    yield elastic(
        "spares-too-few-left", "A7", too_many, ends=(SAVED_AND_STOPPED,), resumed=True,
        says=["1 rank is left, and --min-ranks"], environment={"DTRAIN_MIN_RANKS": "2", WORKERS: "2"},
    )  # fmt: skip


def spared(name: str, fault: str, said: str, spares: int = 1, **more: Any) -> Case:
    """A case in which two workers and some spares are started, and training ends well."""
    environment = {WORKERS: "2", **more.pop("environment", {})}
    return elastic(
        name, "A8", fault, ends=DONE, resumed=False, says=[said], ranks=2 + spares, environment=environment, **more
    )  # fmt: skip


def survived(name: str, item: str, fault: str, **more: Any) -> Case:
    """A case in which training ends well, with the numbers of a run that was left alone."""
    lost = [] if fault.startswith("sleep") else ["ranks go on" if "all-but-one" not in name else "is lost"]
    return elastic(name, item, fault, ends=DONE, resumed=False, says=lost, **more)


def elastic(name: str, item: str, fault: str, **more: Any) -> Case:
    """A case of elastic mode, in which bits do not depend on the number of ranks."""
    ranks = more.pop("ranks", 3)
    variables = {"DTRAIN_ELASTIC": "1", **more.pop("environment", {})}
    launcher = elastic_launcher(ranks)
    return Case(
        name, item, fault, ("--reproducible",), ranks, needs=open_mpi, environment=variables, launcher=launcher,
        **more,
    )  # fmt: skip


def elastic_launcher(ranks: int) -> list[str]:
    """What starts a job that may lose ranks."""
    return [str(find_mpirun()), "--with-ft", "ulfm", "--oversubscribe", "-n", str(ranks)]
