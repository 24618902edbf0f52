"""Faults on request, to prove that training survives them: `DTRAIN_FAULT="kill:rank=1,step=7"`.

```
DTRAIN_FAULT="KIND:KEY=VALUE,KEY=VALUE; KIND:..."

kill stop term int usr1 segv      the process sends itself this signal
exit os_exit                      it ends with status=3, as by sys.exit or by os._exit
raise memory                      a RuntimeError or a MemoryError
sleep                             it does nothing for s=10 seconds
nan                               a NaN in this process's data of the step
diskfull quota ioerror readonly   the writing of a checkpoint fails
bitflip truncate                  a checkpoint is damaged once it has its name

rank=1      on this rank only, as the launcher counted at the start
step=7      in this step: 7 steps were made before by this process, or, beside epoch=, in that epoch
epoch=2     in this epoch, from 0
at=reduce   when this phase begins (see `dtrain.timeline`), after the beginning of the step; or at this moment of the
            writing of a checkpoint: open, half, fsync, rename, renamed, remove, removed
nth=2       the second time that all this is so
times=3     three times in a row; "all": every time
restart=1   in a job that was started again once; without: only in one that was not; "all": in any
```

Nothing of it is looked at unless the variable is set.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from dtrain.timeline.fault_text import BEGIN, DAMAGES, DISK, POINTS, RESTART, SIGNALS, VARIABLE, Fault, parse
from dtrain.timeline.file_faults import damage, refuse, watch_writing
from dtrain.timeline.phases import watch

installed: Faults | None = None
"""The faults of this process; None when none are wanted."""


def install(rank: int) -> None:
    """Take the faults that `$DTRAIN_FAULT` wants on this rank; a second call does nothing.

    Raises:
        ValueError: the text is none.
    """
    global installed
    if installed is None:
        restart = int(os.environ.get(RESTART, "0"))
        wanted = [fault for fault in parse(os.environ.get(VARIABLE, "")) if _concerns(fault, rank, restart)]
        installed = Faults(wanted, rank)
        watch(installed)
        if any(fault.at in POINTS for fault in wanted):
            watch_writing(installed.reach)


def _concerns(fault: Fault, rank: int, restart: int) -> bool:
    return fault.rank in (None, rank) and fault.restart in (None, restart)


class Faults:
    """A watcher of what this process does, who strikes when the time has come."""

    def __init__(self, faults: list[Fault], rank: int) -> None:
        self._faults = faults
        self._rank = rank
        self._met = [0] * len(faults)
        self._begun = 0
        self._moment = (-1, -1)
        self.spoil: Callable[[], None] | None = None
        """Puts a NaN into the data of the present step; set by the loop that has them."""

    @property
    def kinds(self) -> set[str]:
        """The kinds of the faults of this process."""
        return {fault.kind for fault in self._faults}

    def begin_step(self, epoch: int, step: int) -> None:
        self._moment = epoch, step
        self._begun += 1
        self.reach(BEGIN)

    def enter(self, phase: str) -> None:
        self.reach(phase)

    def leave(self, phase: str) -> None:
        """Nothing strikes at the end of a phase."""

    def reach(self, place: str, path: str = "") -> None:
        """Strike if a fault is due at a place; `path`: of the file that is being written there."""
        for number, fault in enumerate(self._faults):
            if fault.at == place and self._is_now(fault):
                self._met[number] += 1
                after = self._met[number] - fault.nth
                if after >= 0 and (fault.times is None or after < fault.times):
                    self._announce(fault)
                    self._strike(fault, path)

    def _is_now(self, fault: Fault) -> bool:
        epoch, step = self._moment
        if fault.epoch is None:
            return fault.step in (None, self._begun - 1)
        return fault.epoch == epoch and fault.step in (None, step)

    def _announce(self, fault: Fault) -> None:
        epoch, step = self._moment
        where = f"rank {self._rank}, epoch {epoch}, step {step}" if self._begun else f"rank {self._rank}"
        # Written at once: the process may not live to flush a buffer.
        os.write(2, f"{VARIABLE}: {fault.kind} at {fault.at} on {where}\n".encode())

    def _strike(self, fault: Fault, path: str) -> None:
        if fault.kind in SIGNALS:
            os.kill(os.getpid(), getattr(signal, f"SIG{fault.kind.upper()}"))
        elif fault.kind == "sleep":
            time.sleep(fault.seconds)
        elif fault.kind == "nan":
            if self.spoil is not None:
                self.spoil()
        elif fault.kind in DAMAGES:
            damage(fault.kind, path)
        elif fault.kind in DISK:
            refuse(fault.kind, path)
        else:
            _end(fault)


def _end(fault: Fault) -> NoReturn:
    if fault.kind == "os_exit":
        os._exit(fault.status)
    if fault.kind == "exit":
        sys.exit(fault.status)
    text = f"{VARIABLE} wanted this error ({fault.kind} at {fault.at})"
    raise MemoryError(text) if fault.kind == "memory" else RuntimeError(text)
