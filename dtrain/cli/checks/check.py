"""One row of `dtrain doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, how good that is, and what to do about it."""

    what: str
    value: str
    status: Status = "ok"
    advice: str = ""
