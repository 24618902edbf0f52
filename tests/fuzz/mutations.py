"""Changes that files suffer, or that are made to do harm: of bytes, and of the values in a tree of JSON."""

from __future__ import annotations

import copy
import random
import struct
from typing import Any

_WORDS = (b"\xff" * 8, b"\0" * 8, b"\xff" * 7 + b"\x7f", struct.pack("<Q", 1 << 40), struct.pack(">Q", 1 << 33))
_TEXTS = (b"../", b"/etc/passwd\0", b"\0", b"%n%s", b"[" * 64, b"os\nsystem\n", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04")

# Values that a reader does not expect where it finds them.
NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1e308, float("nan"), float("inf"), "", "a", "\0", "../x", "1" * 50, [],
    {}, [[]], [None], {"class_name": "Dense", "config": {}}, {"class_name": "__lambda__", "config": {"value": "AAAA"}},
    {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
    {"class_name": "function", "config": "load_model", "module": "keras.models"},
    {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": "os>system"},
    {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": ["a", 0, 0]}},
    ["dense", 0, 0], [[["dense", 0, 0, {}]]], 10**9,
)  # fmt: skip


def mutate(data: bytes, draw: random.Random) -> bytes:
    """A copy of a file with a few of its bytes changed, doubled, swapped or cut off."""
    result = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        if not result:
            break
        _change(result, draw)
    return bytes(result)


def _change(data: bytearray, draw: random.Random) -> None:
    place = _place(data, draw)
    kind = draw.randrange(10)
    if kind < 3:
        data[place] ^= 1 << draw.randrange(8)
    elif kind == 3:
        data[place] = draw.randrange(256)
    elif kind == 4:
        data[place : place + 8] = draw.choice((*_WORDS, struct.pack("<Q", draw.randrange(len(data)))))
    elif kind == 5:
        other, length = draw.randrange(len(data)), draw.choice((1, 4, 8, 16, 64, 512))
        data[place : place + length] = data[other : other + length]
    elif kind == 6:
        del data[place:]
    elif kind == 7:
        del data[place : place + draw.choice((1, 2, 4, 8, 100))]
    elif kind == 8:
        data[place:place] = draw.choice(_TEXTS)
    else:
        data[place : place + 4] = draw.randbytes(4)


def _place(data: bytearray, draw: random.Random) -> int:
    """Somewhere, rather where bytes are not zero: structure is there."""
    places = [draw.randrange(len(data)) for _ in range(4)]
    return next((place for place in places if data[place]), places[0])


def mutate_tree(tree: Any, draw: random.Random) -> Any:
    """A copy of a tree of JSON with some of its values replaced, doubled or left out."""
    result = [copy.deepcopy(tree)]
    for _ in range(draw.choice((1, 1, 2, 3))):
        parent, key = draw.choice(list(_slots(result)))
        kind = draw.randrange(6)
        if kind < 4:
            parent[key] = copy.deepcopy(draw.choice(NASTY))
        elif kind == 4 and isinstance(parent, dict):
            del parent[key]
        elif isinstance(parent, list) and parent is not result:
            parent.insert(draw.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
        elif isinstance(parent, dict):
            parent[draw.choice(("class_name", "config", "layers", "name", "module", "dtype"))] = draw.choice(NASTY)
    return result[0]


def _slots(tree: Any) -> Any:
    """All (container, key) of a tree."""
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from _slots(value)
