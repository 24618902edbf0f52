"""A digest of every value, kept in the file beside them: says which one is damaged, missing or not ours.

The list also keeps the order of the dictionary, which HDF5 would sort.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from dtrain.checkpoint.errors import DamagedError
from dtrain.checkpoint.seal import Buffer

DIGESTS = "digests"  # the name of the list in the file
TEXT = "text"  # the kind of a value that is no array
_MAX_NAMED = 5


def digest(value: NDArray[Any] | str) -> str:
    """Return `SHA-256(type, shape, values)` in hexadecimal."""
    if isinstance(value, str):
        return digest_stored(TEXT, (), value.encode())
    value = value.astype(value.dtype.newbyteorder("<"), copy=False)  # the same on every machine
    return digest_stored(value.dtype.str, value.shape, value.reshape(-1).data)


def digest_stored(kind: str, shape: tuple[int, ...], content: Buffer) -> str:
    """`digest` of a value by the bytes that a file has of it; `kind` is a dtype of NumPy, or `TEXT`."""
    total = hashlib.sha256(b"text:" if kind == TEXT else f"{kind}{shape}:".encode())
    total.update(content)
    return total.hexdigest()


def parse_digests(text: object) -> dict[str, object] | None:
    """Return {path: digest} of the list in a file, in its order; None for anything else.

    In files of version 1, the list has the digests alone; later, type and shape stand beside them.
    """
    try:
        listed = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, dict):
        return None
    return {path: item[0] if isinstance(item, list) and item else item for path, item in listed.items()}


def check_digests(flat: dict[str, NDArray[Any] | str], source: str) -> dict[str, NDArray[Any] | str]:
    """Return `flat` without its list of digests and in the order of that list, when all values agree with it."""
    listed = parse_digests(flat.get(DIGESTS))
    if listed is None:
        raise DamagedError(f"{source} holds no list of digests: it is no dtrain checkpoint")
    problems = [f"{path!r} is missing" for path in listed if path not in flat]
    problems += [f"{path!r} is not listed" for path in flat if path not in listed and path != DIGESTS]
    problems += [f"{path!r} has changed" for path in listed if path in flat and digest(flat[path]) != listed[path]]
    complain(problems, source)
    return {path: flat[path] for path in listed}


def complain(problems: Sequence[str], source: str) -> None:
    """Raise a `DamagedError` that names the first ones of `problems`, if there are any."""
    if problems:
        more = f", and {len(problems) - _MAX_NAMED} more" if len(problems) > _MAX_NAMED else ""
        raise DamagedError(f"{source} is damaged: {', '.join(problems[:_MAX_NAMED])}{more}")
