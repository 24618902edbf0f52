"""Reads a configuration file, applies overrides, and says precisely what is wrong with either."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from dtrain.cli.config import DEFAULT_MODEL, DEFAULT_OPTIMIZER, Config, Section
from dtrain.cli.errors import UserError, suggest
from dtrain.cli.expected import expected, key_of, value_at
from dtrain.cli.overrides import Override, parse_overrides, put


def load_config(path: Path, arguments: Sequence[str] = ()) -> Config:
    """Return the configuration in `path` with `section.key=value` arguments applied.

    Python files that it names (`file = "path.py:function"`) are relative to the configuration file and made absolute.

    Raises:
        UserError: missing or malformed file, unknown key (with the nearest valid one), value of a wrong type or range.
    """
    return config_from(_read(path), str(path), path.resolve().parent, arguments)


def config_from(table: dict[str, Any], source: str, folder: Path, arguments: Sequence[str] = ()) -> Config:
    """Return the configuration in a table, with `section.key=value` arguments applied; see `load_config`.

    Args:
        table: is changed by the arguments.
        source: where it comes from, for errors.
        folder: what paths of Python files in it are relative to.
    """
    overrides = parse_overrides(arguments)
    for override in overrides.values():
        put(table, override, override.value)
    _check_keys(table, Config, "", source, overrides)
    config = _convert(table, source, overrides)
    return _completed(config, folder, overrides)


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        _check_integers(table, "")
        return table
    except FileNotFoundError:
        raise UserError(f"{path}: no such configuration file. Expected the path of a TOML file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a configuration: {error}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None


def _check_integers(value: Any, key: str) -> None:
    """TOML has integers of 64 bits; Python reads longer ones, of any length, which it may then refuse to print."""
    if isinstance(value, (dict, list)):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            _check_integers(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{key}: expected an integer of 64 bits")


def _check_keys(
    table: Mapping[str, Any], struct: type[Section], prefix: str, file: str, overrides: Mapping[str, Override]
) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in table.items():
        dotted, kind = prefix + key, fields.get(key)
        if kind is None:
            what = "key" if prefix else "section"
            raise UserError(f"{_source(dotted, file, overrides)}: unknown {what} {dotted!r}. {suggest(key, fields)}")
        if isinstance(kind, type) and issubclass(kind, Section) and isinstance(value, dict):
            _check_keys(value, kind, f"{dotted}.", file, overrides)


def _source(dotted: str, file: str, overrides: Mapping[str, Override]) -> str:
    """Name who gave the key: an override, or the file."""
    for key, override in overrides.items():
        if key == dotted or key.startswith(f"{dotted}."):
            return str(override)
    return file


def _convert(table: dict[str, Any], file: str, overrides: Mapping[str, Override]) -> Config:
    try:
        return msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        key = key_of(error)
        value = value_at(table, key)
        override = overrides.get(key)
        if override and isinstance(value, (bool, int, float)):
            put(table, override, override.text)  # `run.name=7` reads as a number, yet the key may want the text
            try:
                return _convert(table, file, overrides)
            except UserError:
                put(table, override, value)
        source = _source(key, file, overrides)
        raise UserError(f"{source}: {key}: expected {expected(Config, key, error)}. Received: {shown(value)}") from None


def shown(value: Any) -> str:
    """A value for a message, its middle left out if it is long: Python refuses to write integers of all lengths."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"{type(value).__name__} of a size that cannot be shown"
    return text if len(text) <= 200 else f"{text[:150]} ... {text[-20:]}"


def _completed(config: Config, folder: Path, overrides: Mapping[str, Override]) -> Config:
    """Fill in what the open sections leave out, and make the paths of Python files absolute."""
    data, model = config.data, config.model
    if data.file is not None:
        data = msgspec.structs.replace(data, file=_absolute(data.file, "data.file", folder, overrides))
    if "file" in model:
        model = {**model, "file": _absolute(model["file"], "model.file", folder, overrides)}
    elif "name" not in model:
        model = {"name": DEFAULT_MODEL, **model}
    optimizer = config.optimizer if "name" in config.optimizer else {"name": DEFAULT_OPTIMIZER, **config.optimizer}
    return msgspec.structs.replace(config, data=data, model=model, optimizer=optimizer)


def _absolute(reference: object, key: str, folder: Path, overrides: Mapping[str, Override]) -> str:
    """Make the path of "path.py:function" absolute: relative to the file, or to the current folder in an override."""
    path, colon, function = str(reference).rpartition(":")
    if not isinstance(reference, str) or not colon or not path or not function.isidentifier():
        raise UserError(f'{key}: expected "path.py:function". Received: {reference!r}')
    base = Path.cwd() if key in overrides else folder
    return f"{(base / path).resolve()}:{function}"
