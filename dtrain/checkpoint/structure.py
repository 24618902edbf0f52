"""The structures of an HDF5 file around arrays that lie one after the other, written without libhdf5.

They are those of the first HDF5, which every version of every reader knows: superblock 0, groups with a symbol table,
object headers of version 1, contiguous data. It is done in a tenth of the time that libhdf5 takes, and the place of
every byte is known: such a file can be read without libhdf5, too.

Source: The HDF Group, HDF5 File Format Specification Version 1.0 to 3.0, sections II.A, III.A to III.D, IV.A.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dtrain.checkpoint.digests import TEXT

_UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
_SUPERBLOCK = struct.Struct("<8s8B2HI4Q2Q2I2Q")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ENTRY = struct.Struct("<2Q2I2Q")  # of a symbol table: name, header, what is cached here, tree, heap
_LEAF, _NODE = 8, 32  # entries of a symbol table, and of a node of the tree of them: what libhdf5 takes by default
_NODE_BYTES = 24 + 8 * (2 * _NODE + 1)
_CACHED = 1  # the addresses of the tree and of the heap of a group are in its entry, too
_HEADER = struct.Struct("<BxHII4x")
_MESSAGE = struct.Struct("<HHB3x")
_SPACE, _TYPE, _FILL, _LAYOUT, _TABLE = 1, 3, 5, 8, 17  # kinds of messages
_CONSTANT = 1  # a message that may not be changed
_NO_FILL = b"\2\2\2\0"  # version 2, values are allocated late, filled if set, and none is set

Extent: TypeAlias = tuple[str, tuple[int, ...], int, int]  # type, shape, address of the values, their bytes
Tree: TypeAlias = "dict[str, Tree | Extent]"


@dataclass(frozen=True, slots=True)
class Head:
    """The structures, and the places in them where addresses of values are still to be shifted."""

    content: bytearray
    addresses: list[int]

    def shift(self, by: int) -> None:
        """Add `by` to the address of all values."""
        for place in self.addresses:
            struct.pack_into("<Q", self.content, place, struct.unpack_from("<Q", self.content, place)[0] + by)


def build_head(extents: Mapping[str, Extent], base: int) -> Head:
    """Return the structures of a file that begins with `base` bytes of something else.

    `extents` says of each path what its values are (a dtype of NumPy, or `TEXT`, which has the shape `()`) and where
    they lie, as if the head had no bytes; an array without values has none.
    """
    head = Head(bytearray(_SUPERBLOCK.size), [])
    header, tree, heap = _group(head, _grouped(extents))
    versions = (0, 0, 0, 0, 0, 8, 8, 0)
    place = (base, _UNDEFINED, 0, _UNDEFINED)
    root = (0, header, _CACHED, 0, tree, heap)
    _SUPERBLOCK.pack_into(head.content, 0, _SIGNATURE, *versions, _LEAF // 2, _NODE // 2, 0, *place, *root)
    return head


def set_end(content: bytearray, end: int) -> None:
    """Write the length of the whole file into the superblock."""
    struct.pack_into("<Q", content, 40, end)


def _grouped(extents: Mapping[str, Extent]) -> Tree:
    root: Tree = {}
    for path, extent in extents.items():
        *parents, name = path.split("/")
        group = root
        for parent in parents:
            group = group.setdefault(parent, {})  # type: ignore[assignment]
        group[name] = extent
    return root


def _group(head: Head, members: Tree) -> tuple[int, int, int]:
    """Write a group and all that it holds; return the addresses of its header, its tree and its heap."""
    names = bytearray(8)  # the first name is the empty one
    entries = []
    for name, member in sorted((name.encode(), member) for name, member in members.items()):
        offset = len(names)
        names += _padded(name + b"\0")
        if isinstance(member, dict):
            header, *cached = _group(head, member)
            entries.append((offset, header, _CACHED, 0, *cached))
        else:
            entries.append((offset, _dataset(head, *member), 0, 0, 0, 0))
    tree = _tree(head, entries)
    heap = _append(head, struct.pack("<4sB3xQQ", b"HEAP", 0, len(names), 1))  # 1: nothing in it is free
    _append(head, struct.pack("<Q", heap + 32) + names)
    return _header(head, [(_TABLE, 0, struct.pack("<QQ", tree, heap))]), tree, heap


def _tree(head: Head, entries: Sequence[tuple[int, ...]]) -> int:
    """Write the sorted entries of a group as tables of a few, and the tree that finds them; return its address."""
    found = []  # (address, offset of the last name) of each table, then of each node
    for start in range(0, len(entries), _LEAF):
        part = entries[start : start + _LEAF]
        table = struct.pack("<4sBxH", b"SNOD", 1, len(part)) + b"".join(_ENTRY.pack(*entry) for entry in part)
        found.append((_append(head, table.ljust(8 + _LEAF * _ENTRY.size, b"\0")), part[-1][0]))
    level = 0
    while level == 0 or len(found) > 1:
        found = [_node(head, level, found, start) for start in range(0, len(found), _NODE)]
        level += 1
    return found[0][0]


def _node(head: Head, level: int, children: list[tuple[int, int]], start: int) -> tuple[int, int]:
    """A node of the tree: what lies between two keys has names after the first one, up to the second one."""
    part = children[start : start + _NODE]
    first = children[start - 1][1] if start else 0
    here = len(head.content)  # the nodes of a level lie one after the other
    following = here + _NODE_BYTES if start + _NODE < len(children) else _UNDEFINED
    siblings = here - _NODE_BYTES if start else _UNDEFINED, following
    pairs = [number for address, last in part for number in (address, last)]
    node = struct.pack(f"<4sBBHQQ{1 + len(pairs)}Q", b"TREE", 0, level, len(part), *siblings, first, *pairs)
    return _append(head, node.ljust(_NODE_BYTES, b"\0")), part[-1][1]


def _dataset(head: Head, kind: str, shape: tuple[int, ...], address: int, nbytes: int) -> int:
    space = struct.pack(f"<BB6x{len(shape)}Q", 1, len(shape), *shape)
    messages = [(_SPACE, 0, space), (_TYPE, _CONSTANT, _type(kind, nbytes)), (_FILL, _CONSTANT, _NO_FILL)]
    layout = struct.pack("<BBQQ", 3, 1, address if nbytes else _UNDEFINED, nbytes)
    header = _header(head, [*messages, (_LAYOUT, 0, layout)])
    if nbytes:
        head.addresses.append(len(head.content) - len(_padded(layout)) + 2)
    return header


def _type(kind: str, nbytes: int) -> bytes:
    if kind == TEXT:  # filled with NUL, UTF-8
        return struct.pack("<BBHI", 0x13, 0x11, 0, nbytes)
    size = int(kind[2:])
    if kind[1] == "f":
        exponent, mantissa, bias = {2: (5, 10, 15), 4: (8, 23, 127), 8: (11, 52, 1023)}[size]
        layout = (0, 8 * size, mantissa, exponent, 0, mantissa, bias)
        return struct.pack("<BBBBIHHBBBBI", 0x11, 0x20, 8 * size - 1, 0, size, *layout)
    if kind[1] == "b":  # as h5py does: an enumeration, of numbers of one byte
        return struct.pack("<BHxI", 0x18, 2, 1) + _type("|i1", 1) + b"FALSE\0\0\0TRUE\0\0\0\0\0\1"
    return struct.pack("<BBHIHH", 0x10, 8 * (kind[1] == "i"), 0, size, 0, 8 * size)


def _header(head: Head, messages: Sequence[tuple[int, int, bytes]]) -> int:
    content = bytearray()
    for kind, flags, text in messages:
        padded = _padded(text)
        content += _MESSAGE.pack(kind, len(padded), flags) + padded
    return _append(head, _HEADER.pack(1, len(messages), 1, len(content)) + content)


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 8)


def _append(head: Head, content: bytes | bytearray) -> int:
    """Add to the structures; return the address."""
    address = len(head.content)
    head.content.extend(content)
    return address
