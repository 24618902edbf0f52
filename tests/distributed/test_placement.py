"""Ranks and threads that are placed badly on their cores are found, and the remedy is that of the launcher."""

from __future__ import annotations

import pytest

from dtrain.distributed import start
from dtrain.distributed.launcher import Launch
from dtrain.distributed.placement import Place, idle_cores, lonely, problem

OPEN_MPI = Launch("openmpi", size=2)


def ranks(
    count: int,
    cores: int,
    bound: int | None = None,
    threads: int = 1,
    limit: int | None = None,
    host: str = "a",
    user: bool = False,
) -> list[Place]:
    """`count` ranks of a host; each bound to `bound` cores of its own, or to all."""
    decided = ("user", f"OMP_NUM_THREADS={threads}") if user else ("environment", "share of one")
    masks = [range(cores) if bound is None else range(k * bound, (k + 1) * bound) for k in range(count)]
    return [Place(k, host, frozenset(mask), cores, limit, threads, *decided) for k, mask in enumerate(masks)]


def onto(places: list[Place], *cores: int) -> list[Place]:
    return [
        Place(p.rank, p.host, frozenset(cores), p.available, p.limit, p.threads, p.decided_by, p.detail) for p in places
    ]


@pytest.mark.parametrize(
    "places",
    [
        pytest.param(ranks(2, 64, threads=32), id="not bound"),
        pytest.param(ranks(64, 64, bound=1), id="a core each"),
        pytest.param(ranks(4, 64, bound=16, threads=16), id="a quarter each"),
        pytest.param(ranks(2, 2) + ranks(2, 2, host="b"), id="two hosts"),
        pytest.param(onto(ranks(2, 8, threads=2), 0, 1, 2, 3), id="two on a socket of four"),
        pytest.param([p for k in range(2) for p in onto(ranks(2, 1), k)][1:3], id="the parent is bound as its rank"),
    ],
)
def test_a_good_placement_is_none_of_the_problems(places: list[Place]) -> None:
    assert problem(places, OPEN_MPI) is None


@pytest.mark.parametrize(
    ("places", "launcher", "what", "advice"),
    [
        pytest.param(ranks(4, 2), "openmpi", "4 ranks take turns on 2 cores", "(-n 2)", id="more ranks than cores"),
        pytest.param(ranks(4, 2), "hydra", "MPICH", "(-n 2)", id="and MPICH"),
        pytest.param(ranks(4, 64, limit=2), "openmpi", "2 cores (the limit of the control", "(-n 2)", id="a quota"),
        pytest.param(onto(ranks(2, 8), 3), "openmpi", "ranks 0 and 1 are bound to core 3, of 8", "--bind-to", id="one"),
        pytest.param(onto(ranks(2, 8), 3), "slurm", "core 3", "--cpu-bind=cores", id="and Slurm"),
        pytest.param(
            ranks(4, 8, threads=8, user=True), "openmpi", "32 threads on 8 cores (OMP_NUM_THREADS=8)", "set it to 2",
            id="threads",
        ),
        pytest.param(
            ranks(2, 64, bound=1, threads=8), "openmpi", "rank 0 computes with 8 threads on 1 core", "PE=8", id="bound"
        ),
    ],
)  # fmt: skip
def test_a_bad_one_is_named_with_its_remedy(places: list[Place], launcher: str, what: str, advice: str) -> None:
    found = problem(places, Launch(launcher, size=len(places)))
    assert found is not None and what in found.what and found.what.startswith("host a: "), found
    assert advice in found.advice, found


def test_of_many_hosts_one_is_named_and_the_others_are_counted() -> None:
    found = problem([*ranks(1, 2), *ranks(3, 2, host="b"), *ranks(3, 2, host="c")], OPEN_MPI)
    assert found is not None and found.what.startswith("host b and 1 more: 3 ranks")


def test_cores_that_nobody_may_use_are_found() -> None:
    found = idle_cores(ranks(2, 64, bound=1), OPEN_MPI)
    assert found is not None and "2 ranks bound to 2 of 64 cores" in found.what and "PE=32" in found.advice
    assert idle_cores(ranks(2, 4, bound=1), OPEN_MPI) is None


def test_a_process_that_a_launcher_started_without_telling_its_rank_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_name", lambda pid: "mpiexec_mpt")
    found = lonely(Launch("serial"))
    assert found is not None and found.what.startswith("mpiexec_mpt started this process")
    assert lonely(OPEN_MPI) is None
    monkeypatch.setattr(start, "_name", lambda pid: "bash")
    assert lonely(Launch("serial")) is None
