"""Seals over anything: their digest has no key, so anyone can make one."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from typing import Any

from dtrain.checkpoint.digests import digest_stored
from dtrain.checkpoint.seal import MAGIC, SEAL_BYTES, check_seal
from dtrain.checkpoint.table import places

Rows = dict[str, Any]


def seal_of_version_1(image: bytes, label: str = "") -> bytes:
    """The 512 bytes before an image of the first version, whose digest covered the whole file."""
    rest = struct.pack("<IIQ", 1, len(label), len(image)) + label.encode()
    rest = rest.ljust(SEAL_BYTES - 40, b"\0")
    return MAGIC + hashlib.sha256(rest + image).digest() + rest


def sealed_anew(data: bytes) -> bytes:
    """A file of version 2 with the digest that its changed head has; as it is, if its head has no end."""
    if len(data) < SEAL_BYTES:
        return data
    [end] = struct.unpack_from("<Q", data, 72)
    return data[:8] + hashlib.sha256(data[40:end]).digest() + data[40:]


def with_table(data: bytes, change: Callable[[Rows], object]) -> bytes:
    """A whole file of version 2 with another table: `change` gets the rows, and returns others or changes them."""
    seal = check_seal(data, "file")
    rows = json.loads(data[seal.table : seal.table + seal.table_bytes])
    changed = change(rows)
    text = changed if isinstance(changed, bytes) else json.dumps(rows if changed is None else changed).encode()
    head = data[: seal.table] + text
    head += bytes(-len(head) % 64)
    values = data[seal.values :]
    fields = len(head) + len(values) - SEAL_BYTES, seal.table, len(text), len(head)
    return sealed_anew(head[:48] + struct.pack("<QQQQ", *fields) + head[80:] + values)


def with_digests(data: bytes) -> bytes:
    """A file of version 2 whose table has the digests that its changed values have."""
    seal = check_seal(data, "file")

    def renew(rows: Rows) -> None:
        for place in places({path: (row[0], row[1], tuple(row[2])) for path, row in rows.items()}, seal.values):
            content = data[place.start : place.start + place.nbytes]
            rows[place.path][0] = digest_stored(place.kind, place.shape, content)

    return with_table(data, renew)
