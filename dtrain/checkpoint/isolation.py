"""HDF5 files of strangers are read by a process of their own: what makes libhdf5 crash or hang ends that process alone.

The process gets the file as its standard input, no variables of the environment but those that Python needs, and limits
of memory and processor time that follow from the file's size. Its answer on standard output is `READY` once it has
loaded what it needs and before it looks at the file, the length of a header (8 bytes, little-endian), the header (JSON:
arrays by path, dtype and shape, and what else was found; or an error), and the values of the arrays one after the
other. The answer is not trusted either: nothing in it is unpickled or run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dtrain.checkpoint.errors import DamagedError, from_os_error
from dtrain.checkpoint.limits import allowed_bytes

READY = b"dtrain\n"
_LENGTH_BYTES = 8
_VARIABLES = ("DYLD_LIBRARY_PATH", "HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "TMPDIR", "VIRTUAL_ENV")
_INTERPRETER_BYTES = 2 << 30  # address space of Python, NumPy and h5py, most of which is never used
_START_S, _BYTES_PER_S = 10, 5_000_000  # processor time: to start, and the slowest reading (many small arrays)


class Answer(NamedTuple):
    """What the process found: arrays by path, and anything else as JSON."""

    arrays: dict[str, NDArray[Any]]
    rest: Any


def ask(program: str, source: str | bytes, label: str) -> Answer | None:
    """What a module that calls `isolated_program.answer` finds in a file; None where no process can be had.

    The file is given by its path or its bytes; `label` names it in errors.

    Raises:
        DamagedError: for a file that the process refuses, or on which it crashes, or reaches a limit.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return None
    with _opened(source) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", program, *map(str, _limits(size))],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the parent, which then ends the process
            )
        except OSError:
            return None
    try:
        with process.stdout as answer:  # type: ignore[union-attr]
            if answer.read(len(READY)) != READY:
                return None  # such a process cannot work here, whatever the file
            return _received(answer, allowed_bytes(size))
    except _RefusedError as error:
        raise DamagedError(f"{label} {error}") from None
    except EOFError:
        raise DamagedError(f"{label} is damaged or made to do harm: {_ending(process, size)}") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedError(f"{label} is damaged or made to do harm: what was read is nonsense ({error})") from None
    finally:
        process.kill()
        process.wait()


class _RefusedError(Exception):
    """What the process said about the file."""


def _opened(source: str | bytes) -> IO[bytes]:
    try:
        if not isinstance(source, bytes):
            return open(source, "rb")
        # In memory where that can be had: there may be no place on the disk.
        in_memory = hasattr(os, "memfd_create")
        file = open(os.memfd_create("dtrain"), "w+b") if in_memory else tempfile.TemporaryFile()  # noqa: SIM115
        file.write(source)
        file.seek(0)
        return file
    except OSError as error:
        place = "a temporary file" if isinstance(source, bytes) else source
        raise from_os_error("read", place, error) from error


def _limits(size: int) -> tuple[int, int]:
    """Address space in bytes and processor time in seconds for a file of `size` bytes."""
    return _INTERPRETER_BYTES + size + 3 * allowed_bytes(size), _START_S + size // _BYTES_PER_S


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    places = [str(Path(__file__).resolve().parents[2]), *filter(None, sys.path)]
    # One thread of each BLAS: every other one reserves address space.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(places)}


def _received(answer: IO[bytes], most: int) -> Answer:
    length = int.from_bytes(_exactly(answer, _LENGTH_BYTES), "little")
    if length > most:
        raise _RefusedError(f"is refused: its names and texts take {length:,} bytes")
    header: dict[str, Any] = json.loads(_exactly(answer, length))
    if "error" in header:
        raise _RefusedError(header["error"])
    arrays = {}
    for path, kind, shape in header["arrays"]:
        dtype = np.dtype(kind)
        most -= prod(shape) * dtype.itemsize
        if most < 0 or dtype.kind not in "biuf":
            raise _RefusedError(f"is refused: {path!r} has the type {dtype} and the shape {tuple(shape)}")
        arrays[path] = np.empty(shape, dtype)
        _fill(answer, arrays[path])
    return Answer(arrays, header["rest"])


def _fill(answer: IO[bytes], array: np.ndarray[Any, Any]) -> None:
    view = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
    while view:
        count = answer.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        view = view[count:]


def _exactly(answer: IO[bytes], count: int) -> bytes:
    data = answer.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _ending(process: subprocess.Popen[bytes], size: int) -> str:
    """How the process ended, in words."""
    memory, seconds = _limits(size)
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = -signal.SIGXCPU
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"reading its {size:,} bytes takes more than {seconds} s, or more memory than there is"
    name = f"status {code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return f"libhdf5 crashes on it ({name}; it was read in a process of its own, with at most {memory:,} bytes)"
