"""Watches for whatever nothing catches, on any thread, and hands it to `Failures`."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from dtrain.distributed import exit_status
from dtrain.distributed.failure import Channel, Failures
from dtrain.distributed.launcher import Launch

_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]
_ThreadHook = Callable[[threading.ExceptHookArgs], object]

_failures: Failures | None = None


def install(launch: Launch) -> None:
    """Watch for exceptions and exits that nothing catches, in every thread of this process. A second call does nothing.

    Until `attach` is called MPI is not at hand and the ranks cannot agree who prints: rank 0 comes first.
    """
    global _failures
    if _failures is not None:
        return
    _failures = failures = Failures(launch)
    _watch_exceptions(failures)
    exit_status.watch(lambda code: _on_exit(failures, code))


def attach(channel: Channel) -> None:
    """Let failing ranks speak to one another and end the job by `channel`."""
    if _failures is not None:
        _failures.channel = channel
        _watch_exceptions(_failures)  # the program may have put hooks of its own in place of these


def end_job(summary: str, write: Callable[[], object]) -> None:
    """Print by `write`, unless this process is already failing, and end the whole job with status 1, in any thread."""
    if _failures is not None:
        _failures.report(summary, write, 1)


def before_end(act: Callable[[], None]) -> None:
    """Call `act` once a failure of this process is told and before the job is ended for it; it may take seconds."""
    if _failures is not None:
        _failures.last_acts.append(act)


def _watch_exceptions(failures: Failures) -> None:
    if not isinstance(sys.excepthook, _ExceptHook):
        sys.excepthook = _ExceptHook(failures, sys.excepthook)
    if not isinstance(threading.excepthook, _ThreadExceptHook):
        threading.excepthook = _ThreadExceptHook(failures, threading.excepthook)


class _ExceptHook:
    """`sys.excepthook` that reports to `failures` and prints by the hook that was there before."""

    def __init__(self, failures: Failures, previous: _Hook) -> None:
        self._failures = failures
        self._previous = previous

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if self._failures.reporting == threading.get_ident():  # called by a hook that itself calls the one before
            self._previous(kind, error, trace)
            return

        def write() -> None:
            heading = f"{self._failures.name()} failed; the job is ended.\n"
            if self._previous is sys.__excepthook__:  # in one piece, since mpirun mixes the output of the ranks
                sys.stderr.write(heading + "".join(traceback.format_exception(error)))
            else:
                sys.stderr.write(heading)
                self._previous(kind, error, trace)

        self._failures.report(_summary(error), write, 130 if isinstance(error, KeyboardInterrupt) else 1)


class _ThreadExceptHook:
    """`threading.excepthook` that reports to `failures` and prints by the hook that was there before."""

    def __init__(self, failures: Failures, previous: _ThreadHook) -> None:
        self._failures = failures
        self._previous = previous

    def __call__(self, args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is None or isinstance(error, SystemExit) or self._failures.reporting == threading.get_ident():
            self._previous(args)
            return
        thread = args.thread.name if args.thread is not None else "unknown"

        def write() -> None:
            sys.stderr.write(f"{self._failures.name()} failed in thread {thread}; the job is ended.\n")
            self._previous(args)

        self._failures.report(_summary(error), write, 1)


def _on_exit(failures: Failures, code: object) -> None:
    if code is None or code == 0:
        return
    status = (code & 0xFF or 1) if isinstance(code, int) else 1
    summary = f"exit status {code}" if isinstance(code, int) else str(code)

    def write() -> None:
        sys.stderr.write(f"{failures.name()} ended the job: {summary}\n")

    failures.report(summary, write, status)


def _summary(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()
