"""Files of strangers: the seal can be forged by anyone, so what lies behind it is not trusted either."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from dtrain.checkpoint.digests import DIGESTS, list_digests
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.checkpoint.image import decode, encode
from dtrain.checkpoint.seal import make_seal

Fill = Callable[[h5py.File], object]


def forge(fill: Fill) -> bytes:
    """Return a file with a valid seal over whatever `fill` puts in it."""
    with h5py.File("forged", "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        image = file.id.get_file_image()
    return make_seal(image) + image


def soft(file: h5py.File) -> None:
    file["a"] = h5py.SoftLink("/b")
    file["b"] = 1.0


def external(file: h5py.File) -> None:
    file["a"] = h5py.ExternalLink("/etc/hostname", "/")


def dangling(file: h5py.File) -> None:
    file["a"] = h5py.SoftLink("/nowhere")


def cycle(file: h5py.File) -> None:
    group = file.create_group("a/b")
    group["c"] = file["a"]


def self_cycle(file: h5py.File) -> None:
    file["again"] = file["/"]


def two_names(file: h5py.File) -> None:
    file["a"] = np.ones(3)
    file["b"] = file["a"]


def deep(file: h5py.File) -> None:
    file.create_dataset("/".join(["g"] * 5000), data=1.0)


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3,))
    file.create_virtual_dataset("a", layout)


def external_storage(file: h5py.File) -> None:
    file.create_dataset("a", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def unallocated_bomb(file: h5py.File) -> None:
    file.create_dataset("a", (1 << 45,), "f8")


def compressed_bomb(file: h5py.File) -> None:
    file.create_dataset("a", data=np.zeros(1 << 20), compression="gzip")


def sparse_bomb(file: h5py.File) -> None:
    file.create_dataset("a", (1 << 40,), "f4", chunks=(1024,))


def references(file: h5py.File) -> None:
    file["b"] = 1.0
    file.create_dataset("a", data=[file["b"].ref], dtype=h5py.ref_dtype)


def variable_length(file: h5py.File) -> None:
    file.create_dataset("a", (1,), h5py.vlen_dtype(np.float64))


def variable_text(file: h5py.File) -> None:
    file["a"] = "text"


def opaque(file: h5py.File) -> None:
    file["a"] = np.void(b"\x80\x04\x95 a pickle")


def compound(file: h5py.File) -> None:
    file["a"] = np.zeros(2, [("x", "f8"), ("y", "i4")])


def no_values(file: h5py.File) -> None:
    file["a"] = h5py.Empty("f8")


def named_type(file: h5py.File) -> None:
    file["a"] = np.dtype("f8")


@pytest.mark.parametrize(
    ("fill", "complaint"),
    [
        (soft, "'a' is a link"),
        (external, "'a' is a link"),
        (dangling, "'a' is a link"),
        (cycle, "'a/b/c' is reached by two paths"),
        (self_cycle, "'again' is reached by two paths"),
        (two_names, "'b' is reached by two paths"),
        (deep, "nested more than 64 deep"),
        (virtual, "'a' keeps its values in another file"),
        (external_storage, "'a' keeps its values in another file"),
        (unallocated_bomb, "declares 281,474,976,710,656 bytes and stores 0"),
        (compressed_bomb, "declares 8,388,608 bytes and stores"),
        (sparse_bomb, "declares 4,398,046,511,104 bytes and stores 0"),
        (references, "'a' holds object"),
        (variable_length, "'a' holds object"),
        (variable_text, "'a' holds object"),
        (opaque, "'a' holds"),
        (compound, "'a' holds"),
        (no_values, "'a' holds"),
        (named_type, "'a' is a Datatype"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_file_with_a_valid_seal_is_refused(fill: Fill, complaint: str) -> None:
    with pytest.raises(DamagedError, match=complaint):
        decode(forge(fill))


def test_a_size_in_the_header_beyond_the_file_is_refused() -> None:
    """The dimension of a plain array is patched from 1000 to 2**40."""
    data = forge(lambda file: file.create_dataset("a", data=np.arange(1000.0)))
    image = data[512:].replace(struct.pack("<Q", 1000), struct.pack("<Q", 1 << 40))
    assert image != data[512:]
    with pytest.raises(DamagedError):
        decode(make_seal(image) + image)


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, "null", '{"a": 1}', '{"a": []}', "9" * 5000])
def test_a_forged_list_of_digests_is_refused(text: str) -> None:
    def fill(file: h5py.File) -> None:
        file["a"] = 1.0
        file.create_dataset(DIGESTS, data=text.encode(), dtype=h5py.string_dtype("utf-8", len(text)))

    with pytest.raises(DamagedError):
        decode(forge(fill))


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(DamagedError):
        decode(forge(lambda file: file.create_dataset("a", data=np.bytes_(b"\xff\xfe"))))


def test_an_array_of_texts_is_refused() -> None:
    with pytest.raises(DamagedError):
        decode(forge(lambda file: file.create_dataset("a", data=np.array([b"x", b"y"]))))


def test_damage_under_a_forged_seal_is_refused_or_harmless(tmp_path: Path) -> None:
    """Flips in the structure of HDF5 itself: refused, or in bytes that carry nothing."""
    contents = {f"weights/{index}/kernel": np.arange(20.0) + index for index in range(3)}
    _, image = encode(contents)
    rng = random.Random(5)
    for _ in range(300):
        damaged = bytearray(image)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        try:
            found = decode(make_seal(damaged) + damaged)
        except CheckpointError:
            continue
        assert list_digests(found) == list_digests({path: value for path, value in contents.items()})
