from __future__ import annotations

import sys

import pytest
import threadpoolctl

from dtrain.cli.checks.libraries import check_libraries

OPENBLAS = {"user_api": "blas", "internal_api": "openblas", "version": "0.3", "num_threads": 1, "architecture": "Zen"}


def row_of(what: str):
    return {row.what: row for row in check_libraries()}[what]


def test_the_blas_is_named_with_its_threads_and_architecture(monkeypatch):
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: [OPENBLAS, {"user_api": "openmp"}])
    assert row_of("BLAS").value == "openblas 0.3, 1 thread, Zen"


def test_no_known_blas_is_a_warning(monkeypatch):
    monkeypatch.setattr(threadpoolctl, "threadpool_info", list)
    assert row_of("BLAS").status == "warn"


@pytest.mark.parametrize(("module", "what"), [("h5py", "HDF5"), ("numpy", "NumPy")])
def test_a_library_that_does_not_load_is_a_failure(monkeypatch, module, what):
    monkeypatch.setitem(sys.modules, module, None)
    row = row_of(what)
    assert row.status == "fail" and "pip install --force-reinstall" in row.advice


def test_the_kernels_in_use_are_named():
    assert row_of("Kernels").value
