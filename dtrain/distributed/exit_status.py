"""Tells when the main program is left by `SystemExit`, a moment for which Python has no hook of its own.

`sys.excepthook` is not called for `SystemExit`, and `atexit` functions cannot see the status. Wrapping `sys.exit` alone
would miss `raise SystemExit(1)` and would count exits that the program catches.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType
from typing import Any, NoReturn

Callback = Callable[[object], None]
_TOOL = "dtrain.exit_status"


def watch(callback: Callback) -> None:
    """Call `callback(code)` when `SystemExit` leaves the outermost frame of the main thread; `code` is its argument."""
    if sys.version_info >= (3, 12):
        _watch_unwinding(callback)
    else:
        _watch_reading_of_code(callback)


if sys.version_info >= (3, 12):

    def _watch_unwinding(callback: Callback) -> None:
        """Listen to frames that an exception leaves (PEP 669): free until an exception leaves a frame."""
        monitoring = sys.monitoring
        tool = next((number for number in (4, 3, 5) if monitoring.get_tool(number) is None), None)
        if tool is None:
            return  # other tools hold all that have no fixed purpose: uncaught exceptions are still seen

        def unwound(code: CodeType, offset: int, exception: BaseException) -> None:
            if isinstance(exception, SystemExit) and sys._getframe(1).f_back is None and _in_main_thread():
                callback(exception.code)

        monitoring.use_tool_id(tool, _TOOL)
        monitoring.register_callback(tool, monitoring.events.PY_UNWIND, unwound)
        monitoring.set_events(tool, monitoring.events.PY_UNWIND)

else:

    def _watch_reading_of_code(callback: Callback) -> None:
        """Notice the interpreter itself read `SystemExit.code`, as Python 3.11 does to learn the status of the process.

        It is then that no Python frame is left. Reading by Python code stays as it was. `sys.exit` of C makes no
        exception object when nothing catches it, hence no reading either, so it is replaced by its twin in Python.
        """
        import ctypes
        import gc

        attributes: dict[str, Any] = gc.get_referents(SystemExit.__dict__)[0]
        stored = attributes["code"]

        def read(exception: SystemExit) -> object:
            code: object = stored.__get__(exception)
            if sys._getframe().f_back is None and _in_main_thread():
                callback(code)
            return code

        attributes["code"] = property(read, stored.__set__, stored.__delete__)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(SystemExit))
        sys.exit = _exit

    def _exit(status: str | int | None = None, /) -> NoReturn:
        """Leave the program by raising `SystemExit(status)`."""
        raise SystemExit(status)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
