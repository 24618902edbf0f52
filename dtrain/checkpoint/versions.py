"""What the bits of a run depend on besides its configuration: versions of the software, the BLAS, the processor."""

from __future__ import annotations

import platform
from functools import cache
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
        "simd": _simd(),
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


@cache
def _blas() -> str:
    """The library that NumPy was built with, and the kernels that the loaded one has chosen for this processor."""
    from threadpoolctl import ThreadpoolController

    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    built = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    loaded = ThreadpoolController().select(user_api="blas").info()
    loaded = [library for library in loaded if "numpy" in library["filepath"]] or loaded  # not those of other packages
    kernels = [
        f"{library['internal_api']} {library['version']} {library.get('architecture', '')}" for library in loaded
    ]
    return ", ".join([built, *(f"running {text.strip()}" for text in dict.fromkeys(kernels))])


@cache
def _simd() -> str:
    """The extensions of the processor that NumPy itself uses."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return " ".join([*found.get("baseline", ()), *found.get("found", ())]) or "unknown"


@cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        return platform.processor() or "unknown"
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown")
