"""The choice of the implementation."""

import os
import subprocess
import sys

import pytest

SHOW = "from dtrain.kernels import *\nprint(IMPLEMENTATION, dense.__name__, WHY_NOT_NATIVE, sep='|')"
NOT_BUILT = "import sys\nsys.modules['dtrain.kernels.native._native'] = None\n"


def run(code, kernels=None):
    environment = {k: v for k, v in os.environ.items() if k != "DTRAIN_KERNELS"}
    if kernels is not None:
        environment["DTRAIN_KERNELS"] = kernels
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_an_unknown_implementation_is_named():
    result = run(SHOW, "fortran")
    assert result.returncode and "Received: DTRAIN_KERNELS=fortran" in result.stderr


def test_numpy_is_used_when_asked_for():
    assert run(SHOW, "numpy").stdout.split("|") == ["numpy", "dtrain.kernels.numpy.dense", "DTRAIN_KERNELS=numpy\n"]


def test_the_compiled_kernels_are_used_where_they_were_built():
    pytest.importorskip("dtrain.kernels.native", reason="the compiled kernels were not built")
    assert run(SHOW).stdout.split("|") == ["native", "dtrain.kernels.native.dense", "\n"]


def test_numpy_is_used_where_nothing_was_built():
    name, module, why = run(NOT_BUILT + SHOW).stdout.split("|")
    assert (name, module) == ("numpy", "dtrain.kernels.numpy.dense")
    assert "were not built" in why


def test_compiled_kernels_that_were_asked_for_but_not_built_are_an_error():
    result = run(NOT_BUILT + SHOW, "native")
    assert result.returncode and "DTRAIN_KERNELS=native, but the compiled kernels were not built" in result.stderr


@pytest.mark.parametrize(
    ("code", "expected"), [("", "compiled, "), (NOT_BUILT, "NumPy (the compiled kernels were not")]
)
def test_doctor_tells_which_kernels_are_in_use(code, expected):
    if not code:
        pytest.importorskip("dtrain.kernels.native", reason="the compiled kernels were not built")
    code += "from dtrain.cli.checks.libraries import check_libraries\nprint(*check_libraries(), sep='\\n')"
    row = next(line for line in run(code).stdout.splitlines() if "'Kernels'" in line)
    assert expected in row and ("status='warn'" in row) == expected.startswith("NumPy")
