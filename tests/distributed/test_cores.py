"""The share of cores under affinity masks and control groups."""

from pathlib import Path

import pytest

from dtrain.distributed import cores


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch):
    """Pretend masks of this process and its parent, and a control group's limit."""

    def pretend(own: int, parent: int, limit: int | None = None) -> None:
        monkeypatch.setattr(cores, "_mask", lambda pid: own if pid == 0 else parent)
        monkeypatch.setattr(cores, "_cgroup_limit", lambda: limit)

    return pretend


@pytest.mark.parametrize(
    ("own", "parent", "limit", "local_size", "expected"),
    [
        pytest.param(64, 64, None, 8, 8, id="not bound: the mask is divided"),
        pytest.param(1, 64, None, 2, 1, id="bound to a core: the mask is the share already"),
        pytest.param(16, 64, None, 4, 16, id="each bound to a quarter: not divided twice"),
        pytest.param(32, 64, None, 8, 8, id="four bound together to a socket"),
        pytest.param(8, 8, None, 8, 1, id="a job of 8 cores on a larger host"),
        pytest.param(4, 64, None, 2, 4, id="bound to fewer than the share"),
        pytest.param(64, 64, 4, 2, 2, id="container with a limit"),
        pytest.param(2, 2, None, 3, 1, id="more processes than cores"),
        pytest.param(8, 0, None, 2, 4, id="parent unknown"),
    ],
)
def test_share(host, own: int, parent: int, limit: int | None, local_size: int, expected: int) -> None:
    host(own, parent, limit)
    assert cores.share(local_size) == expected


def test_limit_of_version_2_is_read_from_all_groups_above(tmp_path: Path) -> None:
    process = tmp_path / "process"
    process.write_text("0::/job/step\n")
    (tmp_path / "job" / "step").mkdir(parents=True)
    (tmp_path / "job" / "cpu.max").write_text("350000 100000\n")
    (tmp_path / "job" / "step" / "cpu.max").write_text("max 100000\n")
    assert cores._cgroup_limit(tmp_path, process) == 3


def test_limit_of_version_1(tmp_path: Path) -> None:
    process = tmp_path / "process"
    process.write_text("3:memory:/job\n2:cpu,cpuacct:/job\n")
    folder = tmp_path / "cpu,cpuacct" / "job"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("50000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert cores._cgroup_limit(tmp_path, process) == 1


def test_no_limit(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores._cgroup_limit(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("ranks", "spares", "each"), [(5, 0, 3), (5, 1, 3), (3, 1, 7), (4, 2, 7), (18, 2, 1), (4, 3, 13), (2, 1, 15)]
)
def test_a_spare_leaves_all_cores_but_one_to_the_others(ranks: int, spares: int, each: int) -> None:
    assert cores.divide(16, ranks, spares) == each
