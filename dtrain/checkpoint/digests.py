"""A digest of every array, kept in the file beside them: says which one is damaged, missing or not ours.

The list also keeps the order of the dictionary, which HDF5 would sort.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from numpy.typing import NDArray

from dtrain.checkpoint.errors import DamagedError

DIGESTS = "digests"  # the name of the list in the file
_MAX_NAMED = 5


def digest(value: NDArray[Any] | str) -> str:
    """Return `SHA-256(type, shape, values)` in hexadecimal."""
    if isinstance(value, str):
        return hashlib.sha256(b"text:" + value.encode()).hexdigest()
    value = value.astype(value.dtype.newbyteorder("<"), copy=False)  # the same on every machine
    total = hashlib.sha256(f"{value.dtype.str}{value.shape}:".encode())
    total.update(value.reshape(-1).data)
    return total.hexdigest()


def list_digests(flat: dict[str, NDArray[Any] | str]) -> str:
    """Return the list of digests as JSON: `{path: digest}` in the order of `flat`."""
    return json.dumps({path: digest(value) for path, value in flat.items()}, ensure_ascii=False)


def parse_digests(text: object) -> dict[str, str] | None:
    """Return the list that `list_digests` wrote; None for anything else."""
    try:
        listed = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return listed if isinstance(listed, dict) else None


def check_digests(flat: dict[str, NDArray[Any] | str], source: str) -> dict[str, NDArray[Any] | str]:
    """Return `flat` without its list of digests and in the order of that list, when all values agree with it."""
    listed = parse_digests(flat.get(DIGESTS))
    if listed is None:
        raise DamagedError(f"{source} holds no list of digests: it is no dtrain checkpoint")
    problems = [f"{path!r} is missing" for path in listed if path not in flat]
    problems += [f"{path!r} is not listed" for path in flat if path not in listed and path != DIGESTS]
    problems += [f"{path!r} has changed" for path in listed if path in flat and digest(flat[path]) != listed[path]]
    if problems:
        more = f", and {len(problems) - _MAX_NAMED} more" if len(problems) > _MAX_NAMED else ""
        raise DamagedError(f"{source} is damaged: {', '.join(problems[:_MAX_NAMED])}{more}")
    return {path: flat[path] for path in listed}
