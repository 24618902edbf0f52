"""Python lambdas as text in a configuration, and back. Reading one runs whatever code the file holds."""

from __future__ import annotations

import base64
import builtins
import marshal
from types import CellType, CodeType, FunctionType
from typing import Any


def dump_lambda(function: FunctionType) -> list[Any]:
    """`[code, defaults, closure]`: the compiled code in base 64, tied to this version of Python."""
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = [cell.cell_contents for cell in function.__closure__] if function.__closure__ else None
    return [code, list(function.__defaults__) if function.__defaults__ else None, closure]


def load_lambda(value: Any) -> FunctionType:
    """The inverse of `dump_lambda`. To be called only for files whose author is trusted."""
    code, defaults, closure = value if isinstance(value, (list, tuple)) else (value, None, None)
    try:
        compiled = marshal.loads(base64.decodebytes(code.encode("ascii")))
    except (ValueError, EOFError, TypeError, UnicodeEncodeError) as error:
        raise ValueError(f"A lambda in this file cannot be read: it needs the Python that wrote it ({error})") from None
    if not isinstance(compiled, CodeType):
        raise ValueError("A lambda in this file cannot be read: it does not hold compiled Python code")
    cells = tuple(CellType(content) for content in closure) if closure else None
    names = {"__builtins__": builtins}
    return FunctionType(compiled, names, compiled.co_name, tuple(defaults) if defaults else None, cells)
