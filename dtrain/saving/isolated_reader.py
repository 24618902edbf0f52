"""The program of the process that `isolation` starts: reads the HDF5 file on standard input, within limits."""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from typing import Any

from dtrain.checkpoint.errors import CheckpointError

from .isolation import READY

_LABEL = "\0"  # stands where the parent puts the file's name


def main(memory: int, seconds: int) -> None:
    """Answer on standard output as `isolation` says."""
    _limit(memory, seconds)
    import h5py  # noqa: F401 - what is missing must show before the file is blamed

    from .hdf5 import read_directly

    output = sys.stdout.buffer
    output.write(READY)
    output.flush()

    arrays: list[Any] = []
    try:
        content = read_directly(sys.stdin.buffer.read(), _LABEL)
        arrays = list(content.arrays.values())
        listed = [(path, array.dtype.str, array.shape) for path, array in content.arrays.items()]
        header: dict[str, Any] = {"arrays": listed, "attributes": content.attributes}
    except CheckpointError as error:
        header = {"error": str(error).removeprefix(_LABEL).lstrip()}
    except MemoryError:
        header = {"error": f"is refused: reading it takes more than {memory:,} bytes of memory"}
    text = json.dumps(header).encode()
    output.write(len(text).to_bytes(8, "little") + text)
    for array in arrays:
        output.write(array.reshape(-1).view("u1").data if array.size else b"")
    output.flush()


def _limit(memory: int, seconds: int) -> None:
    """Nothing beyond these limits, no files written, no core file."""
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # macOS knows no limit of the address space
            resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
