"""Whether what this process prints appears on a terminal, and how wide that is, also through a launcher.

A launcher stands between its ranks and the terminal: Open MPI gives every rank a pseudo-terminal, even when its own
output goes to a file, and hydra gives a pipe, even on a terminal. So the output of the launcher itself decides.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from dtrain.distributed.job import launch

_RELAYS = ("mpirun", "mpiexec", "prterun", "orterun", "prun")
_PROC = Path("/proc")
UNKNOWN = 80  # columns


def terminal_width() -> int | None:
    """Return the columns of the terminal that shows `sys.stdout` of this process (80 if unknown); None without one."""
    if launch().launcher == "serial":
        return _columns(1) if sys.stdout.isatty() else None
    if not _is_relayed():
        return None
    output = _output_of_launcher()
    if output is None:
        return None
    try:
        # A device is opened only to ask for its size. Without O_NOCTTY it could become this process's own terminal.
        descriptor = os.open(output, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _columns(descriptor) if os.isatty(descriptor) else None
    finally:
        os.close(descriptor)


def _columns(descriptor: int) -> int:
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    try:
        return os.get_terminal_size(descriptor).columns or UNKNOWN
    except OSError:
        return UNKNOWN


def _is_relayed() -> bool:
    """Whether standard output is still what the launcher gave: a pipe or a terminal, and no file."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _output_of_launcher() -> Path | None:
    """Return the device to which the launcher writes, on this host: the nearest ancestor with the name of one."""
    process = os.getppid()
    try:
        while process > 1:
            name, _, rest = (_PROC / str(process) / "stat").read_text().partition("(")[2].rpartition(")")
            if name.startswith(_RELAYS):
                output = _PROC / str(process) / "fd" / "1"
                return output if stat.S_ISCHR(output.stat().st_mode) else None
            process = int(rest.split()[1])
    except (OSError, ValueError, IndexError):
        return None  # another user's process, or a system without /proc
    return None
