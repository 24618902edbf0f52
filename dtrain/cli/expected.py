"""What a configuration key accepts, in words, and where in a table msgspec found a wrong value."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from dtrain.cli.config import Section

WORDS = {"object": "a table", "array": "a list", "str": "a string", "int": "an integer", "float": "a number",
         "bool": "true or false"}  # fmt: skip


def key_of(error: msgspec.ValidationError) -> str:
    """Return the dotted key at which the error lies, `train.epochs`, without an index into a list."""
    location = str(error).rpartition(" - at `$.")[2]
    return re.sub(r"\[[^\]]*\].*", "", location.rstrip("`"))


def value_at(table: Any, key: str) -> Any:
    """Return the value of a dotted key in nested tables, None where there is none."""
    for part in key.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    return table


def expected(struct: type[Section], key: str, error: msgspec.ValidationError) -> str:
    """Say what the key accepts: its choices where it has some, else the type that msgspec names."""
    choices = _choices(_type_of(struct, key))
    return f"one of {', '.join(choices)}" if choices else in_words(error)


def in_words(error: msgspec.ValidationError) -> str:
    """Return the type and range that msgspec expected, in the words of TOML."""
    message = str(error).partition(" - at `$")[0]
    named = re.match(r"Expected `([^`]*)`(.*)", message)
    if not named:
        return message
    kinds, rest = named.groups()
    words = [re.sub(r"^\w+", _word, kind) for kind in kinds.split(" | ") if kind != "null"]
    return " or ".join(words) + re.sub(r", got .*", "", rest)


def _word(kind: re.Match[str]) -> str:
    return WORDS.get(kind[0], kind[0])


def _type_of(struct: type[Section], key: str) -> Any:
    kind: Any = struct
    for part in key.split("."):
        if not (isinstance(kind, type) and issubclass(kind, Section)):
            return None
        kind = next((field.type for field in msgspec.structs.fields(kind) if field.encode_name == part), None)
    return kind


def _choices(kind: Any) -> list[str]:
    members = [kind] if get_origin(kind) in (Literal, Annotated) else get_args(kind)
    named = [repr(value) for member in members if get_origin(member) is Literal for value in get_args(member)]
    return named + ["a number between 0 and 1"] * (bool(named) and any(get_origin(m) is Annotated for m in members))
