"""What the bits of a run depend on besides its configuration: versions of the software, the BLAS, the processor."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np


def current_versions() -> dict[str, str]:
    """Return {component: version} of this process, to be kept in checkpoints and compared when a run goes on."""
    import h5py

    import dtrain

    return {
        "dtrain": str(dtrain.__version__),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "h5py": h5py.version.version,
        "hdf5": h5py.version.hdf5_version,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
    }


def changed_versions(saved: dict[str, str], current: dict[str, str]) -> list[str]:
    """Return one line for each component that differs, such as `numpy: 2.3.0 when saved, 2.4.6 now`."""
    names = dict.fromkeys([*saved, *current])
    pairs = [(name, saved.get(name, "unknown"), current.get(name, "unknown")) for name in names]
    return [f"{name}: {old} when saved, {new} now" for name, old, new in pairs if old != new]


def _blas() -> str:
    config = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        return platform.processor() or "unknown"
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown")
