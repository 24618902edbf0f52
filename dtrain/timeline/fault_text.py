"""The text of `DTRAIN_FAULT`: which faults are wanted, where and when."""

from __future__ import annotations

from dataclasses import dataclass

from dtrain.timeline import phases

VARIABLE = "DTRAIN_FAULT"
RESTART = "DTRAIN_RESTART"
"""How often the job was started again, set by what starts it again; 0 if missing."""

BEGIN = "begin"
PHASES = tuple(phase.name for phase in vars(phases).values() if isinstance(phase, phases.Phase))
POINTS = ("open", "half", "fsync", "rename", "renamed", "remove", "removed")
"""Moments within the writing of a checkpoint: before its temporary is made, when half of it is written, before it goes
to the disk, before and after it gets its name, before and after an old one is removed."""

SIGNALS = ("kill", "stop", "term", "int", "usr1", "segv")
DAMAGES = ("bitflip", "truncate")
DISK = ("diskfull", "quota", "ioerror", "readonly")
_PLACE_OF = {
    **dict.fromkeys(DISK, "half"),
    **dict.fromkeys(DAMAGES, "renamed"),
}
KINDS = (*SIGNALS, "exit", "os_exit", "raise", "memory", "sleep", "nan", *DISK, *DAMAGES)
_NUMBERS = ("rank", "epoch", "step", "nth", "restart", "status")


@dataclass(frozen=True)
class Fault:
    """One fault: what happens, and the conditions under which it does; a condition that is None is always met."""

    kind: str
    at: str = BEGIN
    rank: int | None = None
    epoch: int | None = None
    step: int | None = None
    nth: int = 1
    times: int | None = 1
    restart: int | None = 0
    seconds: float = 10.0
    status: int = 3


def parse(text: str) -> list[Fault]:
    """Return the faults of `"kill:rank=1,step=7; sleep:s=0.1,times=all"`.

    Raises:
        ValueError: the text is none; the message says what was expected.
    """
    return [_parse_one(part.strip()) for part in text.split(";") if part.strip()]


def _parse_one(text: str) -> Fault:
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise _wrong(text, f"a kind of {', '.join(KINDS)}")
    found: dict[str, int | float | str | None] = {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = item.partition("=")
        if not equals or key in found:
            raise _wrong(text, "KIND:KEY=VALUE,KEY=VALUE with each key once")
        found["seconds" if key == "s" else key] = _value(text, key, value)
    if kind == "nan" and found.get("at", BEGIN) != BEGIN:
        raise _wrong(text, "no at= with nan, which spoils the data of a step")
    return Fault(kind, **{"at": _PLACE_OF.get(kind, BEGIN), **found})  # type: ignore[arg-type]


def _value(text: str, key: str, value: str) -> int | float | str | None:
    if key == "at":
        if value not in (BEGIN, *PHASES, *POINTS):
            raise _wrong(text, f"at= one of {', '.join((BEGIN, *PHASES, *POINTS))}")
        return value
    if key in {"times", "restart"} and value == "all":
        return None
    if key == "s":
        try:
            return float(value)
        except ValueError:
            raise _wrong(text, "s= a number of seconds") from None
    if key not in {*_NUMBERS, "times"}:
        raise _wrong(text, f"keys of {', '.join((*_NUMBERS, 'times', 'at', 's'))}")
    if not value.isdecimal():
        raise _wrong(text, f"{key}= a whole number")
    return int(value)


def _wrong(text: str, expected: str) -> ValueError:
    return ValueError(f"{VARIABLE}: expected {expected}. Received: {text!r}")
