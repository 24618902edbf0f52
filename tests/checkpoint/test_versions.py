from __future__ import annotations

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

import dtrain
from dtrain.checkpoint import changed_versions, current_versions


def test_versions_name_what_bits_depend_on() -> None:
    found = current_versions()
    assert found["dtrain"] == dtrain.__version__
    assert found["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
    assert all(isinstance(value, str) and value for value in found.values())
    assert changed_versions(found, current_versions()) == []


def blas_of_another_process(**variables: str) -> str:
    code = "from dtrain.checkpoint import current_versions; print(current_versions()['blas'])"
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"} | {"PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], env=env | variables, capture_output=True, check=True, timeout=60)
    return run.stdout.decode().strip()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names kernels of x86")
def test_the_kernels_that_the_linear_algebra_library_runs_are_named() -> None:
    plain, other = blas_of_another_process(), blas_of_another_process(OPENBLAS_CORETYPE="Nehalem")
    if "openblas" not in plain:
        pytest.skip(f"another library: {plain}")
    assert other.endswith("Nehalem")
    assert plain != other


def test_only_what_differs_is_listed() -> None:
    saved = {"numpy": "2.3.0", "blas": "openblas 0.3", "cpu": "A"}
    assert changed_versions(saved, {"numpy": "2.4.6", "blas": "openblas 0.3", "python": "3.12"}) == [
        "numpy: 2.3.0 when saved, 2.4.6 now",
        "cpu: A when saved, unknown now",
        "python: unknown when saved, 3.12 now",
    ]


def test_importing_the_package_loads_no_h5py() -> None:
    code = (
        "import sys, dtrain.checkpoint, dtrain.checkpoint.inspect; "
        "assert not {'h5py', 'mpi4py', 'rich'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=True, timeout=60)
