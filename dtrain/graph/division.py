"""Into how many parts the rows of the batch are cut, in the step that this thread traces or runs."""

from __future__ import annotations

import threading


class Division(threading.local):
    """`pieces`: the parts, of processes or micro-shards; 1 outside of steps."""

    def __init__(self) -> None:
        self.pieces = 1


division = Division()
