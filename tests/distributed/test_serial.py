"""One process: collectives change nothing, and MPI is never loaded."""

import numpy as np
import pytest

from dtrain.distributed.serial import SerialCommunicator
from tests.mpi.launcher import serial


@pytest.fixture
def alone() -> SerialCommunicator:
    return SerialCommunicator()


def test_collectives_are_the_identity(alone: SerialCommunicator) -> None:
    array = np.arange(6.0)
    alone.Allreduce(array)
    alone.Bcast(array)
    alone.Barrier()
    np.testing.assert_array_equal(array, np.arange(6.0))
    assert alone.allgather("x") == ["x"]
    assert alone.bcast("x") == "x"


def test_rows_are_those_of_the_only_rank(alone: SerialCommunicator) -> None:
    rows = np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(alone.Allgather_rows(rows, [3]), rows)


@pytest.mark.parametrize(("counts", "message"), [([3, 1], "one entry for each of 1 ranks"), ([2], "must have counts")])
def test_counts_that_do_not_fit_are_refused(alone: SerialCommunicator, counts: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        alone.Allgather_rows(np.ones((3, 2)), counts)


def test_arrays_with_gaps_are_refused_as_under_mpi(alone: SerialCommunicator) -> None:
    with pytest.raises(ValueError, match="C-contiguous"):
        alone.Allreduce(np.ones((4, 4))[:, ::2])


def test_abort_ends_the_process_with_the_status() -> None:
    result = serial("from dtrain.distributed import world\nworld().Abort(7)")
    assert result.rc == 7


def test_importing_the_package_loads_neither_numpy_nor_mpi() -> None:
    code = """
import sys
import dtrain.distributed as distributed
distributed.prepare()
print({"numpy", "mpi4py", "ctypes", "threadpoolctl"} & {*sys.modules})
"""
    assert serial(code).stdout == "set()\n"


def test_a_serial_world_loads_no_mpi_and_no_hooks() -> None:
    code = """
import sys
from dtrain.distributed import is_main, world
print(world().name, world() is world(), is_main(), "mpi4py" in sys.modules, sys.excepthook is sys.__excepthook__)
"""
    assert serial(code).stdout == "serial True True False True\n"
