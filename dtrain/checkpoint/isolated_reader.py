"""The program of the process in which checkpoints are read that libhdf5 has written."""

from __future__ import annotations

import sys
from typing import Any

from numpy.typing import NDArray

from dtrain.checkpoint.hdf5_reader import read_directly
from dtrain.checkpoint.isolated_program import answer


def read(data: bytes, name: str) -> tuple[dict[str, NDArray[Any]], Any]:
    """Return the arrays, and the texts with the order of all."""
    flat = read_directly(data, name)
    texts = {path: value for path, value in flat.items() if isinstance(value, str)}
    arrays = {path: value for path, value in flat.items() if not isinstance(value, str)}
    return arrays, {"texts": texts, "order": list(flat)}


if __name__ == "__main__":
    answer(read, *map(int, sys.argv[1:]))
