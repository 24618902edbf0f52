"""Python, NumPy and its BLAS, HDF5, and the arithmetic kernels in use."""

from __future__ import annotations

import os
import platform
import sys

from dtrain.cli.checks.check import Check


def check_libraries() -> list[Check]:
    """Return the rows about the libraries that every run needs."""
    python = Check("Python", f"{platform.python_version()} ({sys.executable})")
    return [python, _numpy(), _kernels(), _blas(), _hdf5()]


def _numpy() -> Check:
    try:
        import numpy as np
    except ImportError as error:
        return Check("NumPy", str(error), "fail", "install it anew: pip install --force-reinstall numpy")
    return Check("NumPy", np.__version__)


def _kernels() -> Check:
    try:
        from dtrain.kernels import IMPLEMENTATION, WHY_NOT_NATIVE
    except (ValueError, ImportError) as error:
        return Check("Kernels", str(error), "fail", "unset DTRAIN_KERNELS")
    if IMPLEMENTATION == "native":
        from dtrain.kernels.native import instruction_set, thread_limit

        threads = thread_limit()
        return Check("Kernels", f"compiled, {instruction_set()}, {threads} thread{'s' * (threads != 1)}")
    if os.environ.get("DTRAIN_KERNELS"):
        return Check("Kernels", f"NumPy ({WHY_NOT_NATIVE})")
    advice = "training is slower: install a C++ compiler (Debian and Ubuntu: apt install g++), then dtrain anew"
    return Check("Kernels", f"NumPy ({WHY_NOT_NATIVE})", "warn", advice)


def _blas() -> Check:
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not found:
        advice = "matrix products may be slow: install NumPy as a wheel (pip install --force-reinstall numpy)"
        return Check("BLAS", "none that threadpoolctl knows", "warn", advice)
    texts = []
    for library in found:
        architecture = f", {library['architecture']}" if library.get("architecture") else ""
        threads = f"{library['num_threads']} thread{'s' * (library['num_threads'] != 1)}"
        texts.append(f"{library['internal_api']} {library['version']}, {threads}{architecture}")
    return Check("BLAS", "; ".join(texts))


def _hdf5() -> Check:
    try:
        import h5py
    except ImportError as error:
        return Check("HDF5", str(error), "fail", "checkpoints need it: pip install --force-reinstall h5py")
    return Check("HDF5", f"{h5py.version.hdf5_version} (h5py {h5py.__version__})")
