"""`section.key=value` on the command line: parsing, and placing into the table read from the configuration file."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dtrain.cli.errors import UserError


@dataclass(frozen=True)
class Override:
    """One `section.key=value`: its dotted key and the text of its value."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"override '{self.key}={self.text}'"

    @property
    def value(self) -> Any:
        """The text as a TOML value; what is none is a string, so that `data.name=mnist` needs no quotes."""
        try:
            table = tomllib.loads(f"value = {self.text}")
        except (ValueError, RecursionError):
            return self.text
        value = table["value"]
        if len(table) > 1 or isinstance(value, (datetime.date, datetime.time)):
            return self.text
        return value


def parse_overrides(arguments: Sequence[str]) -> dict[str, Override]:
    """Return the overrides by dotted key; of several for one key the last counts.

    Raises:
        UserError: an argument that is not of the form `section.key=value`.
    """
    overrides = {}
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals or not re.fullmatch(r"[\w-]+(\.[\w-]+)+", key.strip()):
            raise UserError(f"expected section.key=value, such as train.epochs=3. Received: {argument!r}")
        overrides[key.strip()] = Override(key.strip(), text.strip())
    return overrides


def put(table: dict[str, Any], override: Override, value: Any) -> None:
    """Set the override's key in nested tables, making those that are missing."""
    *parents, last = override.key.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise UserError(f"{override}: {parent!r} is a value and has no keys.")
    table[last] = value
