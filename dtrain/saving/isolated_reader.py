"""The program of the process in which files of Keras are read that this one has not written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dtrain.checkpoint.isolated_program import answer

from .hdf5 import read_directly

if TYPE_CHECKING:
    from dtrain.graph import Array


def read(data: bytes, name: str) -> tuple[dict[str, Array], Any]:
    """Return the arrays and the attributes of a file."""
    content = read_directly(data, name)
    return content.arrays, content.attributes


if __name__ == "__main__":
    answer(read, *map(int, sys.argv[1:]))
