"""What libhdf5 finds in a checkpoint or any HDF5 file, by a process of its own; where none can be had, by this one."""

from __future__ import annotations

from dtrain.checkpoint.errors import DamagedError
from dtrain.checkpoint.hdf5_reader import Contents, Entry, Flat, describe_directly, read_directly
from dtrain.checkpoint.isolation import ask

_READER = "dtrain.checkpoint.isolated_reader"
_DESCRIBER = "dtrain.checkpoint.isolated_describer"


def read_isolated(data: bytes, source: str) -> Flat:
    """`read_directly` of the bytes of a file, which `source` names in errors."""
    found = ask(_READER, data, source)
    if found is None:
        return read_directly(data, source)
    try:
        values = {**found.arrays, **found.rest["texts"]}
        return {path: values[path] for path in found.rest["order"]}
    except (LookupError, TypeError) as error:
        raise _nonsense(source, error) from None


def describe_isolated(data: bytes, source: str) -> Contents:
    """`describe_directly` of the bytes of a file, which `source` names in errors."""
    found = ask(_DESCRIBER, data, source)
    if found is None:
        return describe_directly(data, source)
    try:
        entries, texts, missing = found.rest
        return Contents([Entry(path, tuple(shape), *more) for path, shape, *more in entries], texts, missing)
    except (TypeError, ValueError) as error:
        raise _nonsense(source, error) from None


def _nonsense(source: str, error: Exception) -> DamagedError:
    return DamagedError(f"{source} is damaged or made to do harm: what was read is nonsense ({error})")
