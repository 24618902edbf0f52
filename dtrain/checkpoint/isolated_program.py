"""The other side of `isolation`: reads the file on standard input, within limits, and answers on standard output."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from numpy.typing import NDArray

from dtrain.checkpoint.errors import CheckpointError
from dtrain.checkpoint.isolation import READY

Reader: TypeAlias = Callable[[bytes, str], tuple[Mapping[str, NDArray[Any]], Any]]

_LABEL = "\0"  # stands where the parent puts the file's name


def answer(read: Reader, memory: int, seconds: int) -> None:
    """Give what `read(data, name)` returns of the file: arrays by path, and anything else that JSON can hold.

    Args:
        read: raises `CheckpointError` for a file that it refuses.
        memory: address space in bytes.
        seconds: of processor time.
    """
    _limit(memory, seconds)
    import h5py  # noqa: F401 - what is missing must show before the file is blamed

    output = sys.stdout.buffer
    output.write(READY)
    output.flush()

    arrays: Mapping[str, NDArray[Any]] = {}
    try:
        arrays, rest = read(sys.stdin.buffer.read(), _LABEL)
        listed = [(path, array.dtype.str, array.shape) for path, array in arrays.items()]
        header: dict[str, Any] = {"arrays": listed, "rest": rest}
    except CheckpointError as error:
        header = {"error": str(error).removeprefix(_LABEL).lstrip()}
    except MemoryError:
        header = {"error": f"is refused: reading it takes more than {memory:,} bytes of memory"}
    text = json.dumps(header).encode()
    output.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
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
