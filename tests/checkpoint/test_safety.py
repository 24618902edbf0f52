"""Files of strangers: the seal can be forged by anyone, so what lies behind it is not trusted either."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dtrain.checkpoint.digests import DIGESTS
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.checkpoint.hdf5_reader import read_directly
from dtrain.checkpoint.image import decode, encode
from tests.checkpoint.forging import seal_of_version_1, sealed_anew, with_digests, with_table

CRASHES = Path(__file__).parents[1] / "fuzz" / "files"  # of libhdf5, found by scripts/fuzz.py
Fill = Callable[[h5py.File], object]


def forge(fill: Fill) -> bytes:
    """Return an HDF5 file with whatever `fill` puts in it."""
    with h5py.File("forged", "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        return bytes(file.id.get_file_image())


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
def test_a_hostile_hdf5_file_is_refused(fill: Fill, complaint: str) -> None:
    with pytest.raises(DamagedError, match=complaint):
        read_directly(forge(fill), "forged")


def test_a_size_in_the_header_beyond_the_file_is_refused() -> None:
    """The dimension of a plain array is patched from 1000 to 2**40."""
    data = forge(lambda file: file.create_dataset("a", data=np.arange(1000.0)))
    changed = data.replace(struct.pack("<Q", 1000), struct.pack("<Q", 1 << 40))
    assert changed != data
    with pytest.raises(DamagedError):
        read_directly(changed, "forged")


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, "null", '{"a": 1}', '{"a": []}', "9" * 5000])
def test_a_forged_list_of_digests_is_refused(text: str) -> None:
    def fill(file: h5py.File) -> None:
        file["a"] = 1.0
        file.create_dataset(DIGESTS, data=text.encode(), dtype=h5py.string_dtype("utf-8", len(text)))

    with pytest.raises(DamagedError):
        read_directly(forge(fill), "forged")
    with pytest.raises(DamagedError, match="its table of values is nonsense"):
        decode(with_table(file_of({"a": 1.0}), lambda _: text.encode()))


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(DamagedError):
        read_directly(forge(lambda file: file.create_dataset("a", data=np.bytes_(b"\xff\xfe"))), "forged")
    with pytest.raises(DamagedError, match="utf-8"):
        decode(with_digests(file_of({"a": "plain"}).replace(b"plain", b"\xff\xfe\xfd\xfc\xfb")))


def test_an_array_of_texts_is_refused() -> None:
    with pytest.raises(DamagedError):
        read_directly(forge(lambda file: file.create_dataset("a", data=np.array([b"x", b"y"]))), "forged")


@pytest.mark.parametrize("name", ["segfault", "endless"])
def test_what_libhdf5_does_not_survive_ends_another_process(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone can seal such a file, in the way of version 1; newer versions of libhdf5 may refuse it by themselves."""
    monkeypatch.setattr("dtrain.checkpoint.isolation._START_S", 1)
    image = gzip.decompress((CRASHES / f"{name}.h5.gz").read_bytes())
    with pytest.raises(DamagedError, match="image (is|holds)"):
        decode(seal_of_version_1(image) + image)


def file_of(contents: Any) -> bytes:
    return b"".join(encode(contents))


def row(path: str, *new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda rows: rows.update({path: list(new)})


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: [],
        lambda rows: {},
        lambda rows: rows.pop("b") and None,
        lambda rows: {**rows, "c": rows["a"]},
        row("a", "00", "<f8", [1 << 60]),
        row("a", "00", "<f8", [1 << 62] * 32),
        row("a", "00", "<f8", [0, 1 << 64]),
        row("a", "00", "<f8", [0, 1 << 62]),
        row("a", "00", "<f8", [1] * 40),
        row("a", "00", "<f8", [-3]),
        row("a", "00", "<f8", [3.0]),
        row("a", "00", "<f8", [True]),
        row("a", "00", "<f8", 3),
        row("a", "00", "O", [3]),
        row("a", "00", "|V8", [3]),
        row("a", "00", ["<f8"], [3]),
        row("a", "00", "<f8"),
        row("a"),
        lambda rows: {**rows, "a": None},
        lambda rows: {**rows, "a": "abc"},
    ],
)
def test_a_table_that_leads_out_of_the_file_or_is_nonsense_is_refused(change: Any) -> None:
    data = file_of({"a": np.ones(3), "b": np.zeros(3)})
    assert list(decode(with_table(data, lambda rows: None))) == ["a", "b"]
    with pytest.raises(DamagedError, match=r"its table of values is nonsense|has changed \(SHA-256 differs\)"):
        decode(with_table(data, change))


@pytest.mark.parametrize("place", [56, 64, 72])
@pytest.mark.parametrize("number", [0, 1, 511, 1 << 20, 1 << 63, (1 << 64) - 1])
def test_places_in_the_seal_that_lead_out_of_the_file_are_refused(place: int, number: int) -> None:
    data = bytearray(file_of({"a": np.ones(3)}))
    struct.pack_into("<Q", data, place, number)
    with pytest.raises(DamagedError):
        decode(sealed_anew(bytes(data)))


def test_booleans_that_are_neither_true_nor_false_are_refused() -> None:
    """NumPy would take the byte as it is, and count with it."""
    data = bytearray(file_of({"a": np.array([True, False])}))
    data[-64] = 7
    with pytest.raises(DamagedError, match="'a' holds booleans that are neither 0 nor 1"):
        decode(with_digests(bytes(data)))


def test_damage_under_a_forged_seal_is_refused_or_harmless() -> None:
    """Flips anywhere: refused, or in the structures of HDF5, which nothing is read from."""
    contents = {f"weights/{index}/kernel": np.arange(20.0) + index for index in range(3)}
    whole = file_of(contents)
    rng = random.Random(5)
    for _ in range(600):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        try:
            found = decode(sealed_anew(bytes(damaged)))
        except CheckpointError:
            continue
        for value, expected in zip(found.values(), contents.values(), strict=True):  # whatever the names say now
            np.testing.assert_array_equal(value, expected, strict=True)
