"""Output of rank 0 alone, without MPI being loaded to know which one that is."""

import pytest

from tests.mpi.launcher import serial


@pytest.mark.parametrize(("rank", "expected"), [("0", "True\nhello\n"), ("1", "False\n")])
def test_only_rank_0_speaks(rank: str, expected: str) -> None:
    code = """
import sys
from dtrain.distributed import is_main, say
print(is_main())
say("hello")
assert "mpi4py" not in sys.modules
"""
    fake = {"PMI_RANK": rank, "PMI_SIZE": "2", "MPI_LOCALRANKID": rank, "MPI_LOCALNRANKS": "2"}
    assert serial(code, env=fake).stdout == expected
