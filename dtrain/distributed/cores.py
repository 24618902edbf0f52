"""How many cores this process may use: affinity masks and the limits of control groups."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def share(local_size: int, spares: int = 0) -> int:
    """Return the number of cores for each of `local_size` processes of one host, at least 1.

    `share = min(own mask, divide(min(mask of the parent, limit of the control group)))`. A launcher that binds
    its processes leaves each a mask that is its share already; one that does not leaves all of them the mask of the
    parent, which they divide. The rule covers both, and ranks that are bound together to a socket.

    Args:
        local_size: number of processes on this host.
        spares: how many of them have no rows as yet (see `divide`).
    """
    together, limited = available(), limit()
    if limited is not None:
        together = min(together, limited)
    return max(1, min(_mask(0), divide(together, local_size, spares)))


def divide(cores: int, ranks: int, spares: int = 0) -> int:
    """Return how many of the cores of a host each rank may use, at least 1.

    A spare needs but one, to wait on; the others divide what is left. It uses as many as they do once it has taken the
    place of one of them, which uses none then.
    """
    return max(1, (cores - spares) // max(1, ranks - spares))


def available() -> int:
    """Return how many cores the masks leave to this process and its siblings together, at least 1."""
    return max(1, _mask(0), _mask(os.getppid()))


def limit() -> int | None:
    """Return the whole cores whose time the control group of this process grants it; None for no limit."""
    return _cgroup_limit()


def _mask(pid: int) -> int:
    try:
        return len(os.sched_getaffinity(pid))
    except (AttributeError, OSError):  # not Linux; or the parent has gone
        return os.cpu_count() or 1 if pid == 0 else 0


def _cgroup_limit(root: Path = _CGROUP, process: Path = Path("/proc/self/cgroup")) -> int | None:
    """Return the smallest CPU limit, in whole cores, of the control groups above this process; None without a limit."""
    limits: list[float] = []
    for folder in _cgroup_folders(root, process):
        limits += [value for value in (_limit_v2(folder), _limit_v1(folder)) if value is not None]
    return max(1, int(min(limits))) if limits else None


def _cgroup_folders(root: Path, process: Path) -> list[Path]:
    folders = [root, root / "cpu", root / "cpu,cpuacct"]  # inside a container the limit lies at the root
    for line in (_read(process) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / controllers if controllers else root
        inner = base / path.lstrip("/")
        folders += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(base)]
    return folders


def _limit_v2(folder: Path) -> float | None:
    words = (_read(folder / "cpu.max") or "").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0] != "max" else None


def _limit_v1(folder: Path) -> float | None:
    quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota and period and int(quota) > 0 else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
