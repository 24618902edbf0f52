"""The kernels in C++: those that pay to be compiled; what they cannot take (float64, strides) goes to NumPy.

Raises:
    ModuleNotFoundError: where the extension module was not built.
"""

from __future__ import annotations

from ._native import instruction_set, limit_threads, thread_limit
from .threads import share_of_cores

__all__ = ["instruction_set", "thread_limit"]

limit_threads(share_of_cores())
