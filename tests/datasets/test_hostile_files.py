"""Data files made to do harm run nothing, take no more memory than they hold, and are refused by their names."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain.datasets import cifar, files, mnist
from dtrain.datasets.idx import read_idx
from dtrain.datasets.keras_cache import read_members, read_npz
from dtrain.datasets.plain_pickle import load_plain
from dtrain.datasets.words import word_index


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that bombs are small."""
    monkeypatch.setattr(files, "_FREE_BYTES", 1 << 20)


class Call:
    """A pickle that calls a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


PICKLES: dict[str, Callable[[Path], bytes]] = {
    "a command": lambda marker: pickle.dumps(Call(os.system, f"touch {marker}")),
    "an expression": lambda marker: pickle.dumps(Call(eval, f"open({str(marker)!r}, 'w')")),
    "a file": lambda marker: pickle.dumps(Call(open, str(marker), "w")),
    "a command in a list": lambda marker: pickle.dumps([1, {"a": Call(os.system, f"touch {marker}")}]),
    "a function of codecs": lambda marker: b"c_codecs\nopen\n(V%s\nVw\ntR." % str(marker).encode(),
    "another encoding": lambda _: b"c_codecs\nencode\n(Vabc\nVzlib\ntR.",
    "an attribute of an allowed module": lambda _: b"\x80\x04\x8c\x05numpy\x8c\x0ddtype.__class__\x93.",
    "a class alone": lambda _: b"cnumpy\nndarray\n.",
    "a function alone": lambda _: b"c_codecs\nencode\n.",
    "another file": lambda _: b"Pid\n.",
    "an extension": lambda _: b"\x80\x02\x82\x01.",
    "a place beyond all memory": lambda _: b"\x80\x02Nr\xff\xff\xff\xff0h\x00.",
    "a text beyond all memory": lambda _: b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"x.",
    "an array beyond all memory": lambda _: b"cnumpy\nndarray\n((L1099511627776L\ntV|u1\ntR.",
    "an array of negative lengths": lambda _: _array_state("(1, (-5, 3), 'u1', False, b'abc')"),
    "an array of another length": lambda _: _array_state("(1, (4,), 'f8', False, b'abc')"),
    "a type of objects": lambda _: pickle.dumps(np.array([Call(os.getcwd)], object)),
    "a type of records": lambda _: pickle.dumps(np.zeros(2, [("a", "i4"), ("b", "O")])),
    "a type of dates": lambda _: pickle.dumps(np.zeros(2, "M8[s]")),
    "lists in lists": lambda _: b"\x80\x02" + b"]" * 3000 + b"a" * 2999 + b".",
    "a list in itself": lambda _: b"\x80\x02]q\x00h\x00a.",
    "no end": lambda _: b"\x80\x02]q\x00",
    "no beginning": lambda _: b"a.",
    "nothing": lambda _: b"",
}


def _array_state(state: str) -> bytes:
    """A pickle of an array with another state; the type is given by its name."""
    version, shape, kind, in_columns, data = eval(state)
    whole = pickle.dumps((version, shape, np.dtype(kind), in_columns, data), 2)
    new = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR"
    return b"\x80\x02" + new + whole[2:-1] + b"b."


@pytest.mark.parametrize("name", PICKLES)
def test_pickles_that_would_do_harm(name: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    data = PICKLES[name](marker)
    with pytest.raises(ValueError):
        load_plain(data)
    assert not marker.exists()


def test_what_one_pickle_does_to_a_function_is_gone_in_the_next() -> None:
    with pytest.raises(ValueError):
        load_plain(b"\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00aK\x01sb.")
    assert load_plain(pickle.dumps(b"abc", 2)) == b"abc"


def test_arrays_come_as_they_were() -> None:
    for array in (
        np.arange(6, dtype=">i2").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3), np.float32),
        np.array(["a", "bc"]),
        np.array([True, False]),
        np.array(2.5),
    ):
        for protocol in range(5):
            found = load_plain(pickle.dumps({b"data": [array]}, protocol))[b"data"][0]
            np.testing.assert_array_equal(found, array, strict=True)
            assert found.flags.writeable
    texts = np.empty(2, object)
    texts[:] = [[1, 2], [np.arange(3)]]
    found = load_plain(pickle.dumps(texts, 3))
    assert found[0] == [1, 2] and found[1][0].tolist() == [0, 1, 2]


def idx(header: bytes, data: bytes = b"") -> bytes:
    return header + data


IDX: dict[str, tuple[bytes, str]] = {
    "huge dimensions": (b"\0\0\x08\x03" + b"\xff" * 12, "the file is cut off"),
    "huge dimensions of nothing": (b"\0\0\x08\x03" + b"\0" * 4 + b"\xff" * 8, "dimensions that an array can have|"),
    "255 dimensions": (b"\0\0\x08\xff" + b"\0\0\0\x01" * 255 + b"a", "dimensions that an array can have"),
    "more dimensions than there are": (b"\0\0\x08\xff" + b"\0\0\0\x01" * 3, "255|cut off"),
    "no known type": (b"\0\0\x0a\x01\0\0\0\x01a", "an IDX file"),
    "trailing bytes": (b"\0\0\x08\x01\0\0\0\x01ab", "more after them"),
}


@pytest.mark.parametrize("name", [name for name in IDX if "nothing" not in name])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_with_wrong_headers(name: str, packed: bool, tmp_path: Path) -> None:
    data, message = IDX[name]
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(ValueError, match=f"images.*({message if not packed else '.'})"):
        read_idx(path)


def test_an_idx_file_that_unpacks_to_far_more_than_it_stores(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"\0\0\x08\x02" + struct.pack(">II", 1 << 10, 1 << 15) + bytes(1 << 25))
    with pytest.raises(ValueError, match=r"images\.gz: expected data\. Found: .* bytes that unpack to 33,554,432"):
        read_idx(path)


def npz(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(118)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


NPY = {
    "a pickle": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", pickle.dumps([Call(os.getcwd)])),
    "fewer items than said": npy("{'descr': '|O', 'fortran_order': False, 'shape': (9,)}", pickle.dumps([1])),
    "more memory than there is": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}"),
    "negative": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"),
    "a call": npy("{'descr': __import__('os').getcwd(), 'fortran_order': False, 'shape': ()}"),
    "brackets": npy("(" * 100),
    "brackets and braces": b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"{[(" * 3000,
    "another version": b"\x93NUMPY\x09\x00" + bytes(100),
    "nothing": b"",
}


@pytest.mark.parametrize("name", NPY)
def test_arrays_of_npz_files_that_would_do_harm(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.npz: expected an \.npz file of arrays"):
        read_npz(npz(tmp_path / "a.npz", x=NPY[name]))


def test_npz_files_that_unpack_to_far_more_than_they_store(tmp_path: Path) -> None:
    path = npz(
        tmp_path / "a.npz", x=npy("{'descr': '|u1', 'fortran_order': False, 'shape': (33554432,)}", bytes(1 << 25))
    )
    with pytest.raises(ValueError, match=r"a\.npz.*unpack to"):
        read_npz(path)


def test_mnist_from_a_file_of_pickles_is_refused(tmp_path: Path) -> None:
    members = dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), NPY["a pickle"])
    with pytest.raises(ValueError, match=r"mnist\.npz.*is refused"):
        mnist.load_data(npz(tmp_path / "mnist.npz", **members))
    with pytest.raises(ValueError, match=r"mnist\.npz.*no y_train, y_test among x_train, x_test"):
        mnist.load_data(npz(tmp_path / "mnist.npz", x_train=b"", x_test=b""))


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_archives_that_unpack_to_far_more_than_they_store(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("train"), bytes(1 << 25)))
    with pytest.raises(ValueError, match=r"a\.tar\.gz: expected data\. Found: .* unpack to"):
        read_members(path, ["train"])


def test_members_of_archives_that_are_no_files_or_lie_elsewhere(tmp_path: Path) -> None:
    """Nothing is unpacked into files; links are no members."""
    secret = tmp_path / "secret"
    secret.write_bytes(pickle.dumps({b"data": 1}))
    link = tarfile.TarInfo("train")
    link.type, link.linkname = tarfile.SYMTYPE, str(secret)
    with pytest.raises(ValueError, match=r"a\.tar.*Missing: train"):
        read_members(tar(tmp_path / "a.tar", (link, b""), mode="w"), ["train"])
    outside = tar(tmp_path / "b.tar", (tarfile.TarInfo("../../outside/train"), pickle.dumps({b"a": 1})), mode="w")
    assert read_members(outside, ["train"]) == [{b"a": 1}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "b.tar", "secret"]


@pytest.mark.parametrize("cut", [0, 1, 100, 600])
def test_archives_that_are_cut_off(cut: int, tmp_path: Path) -> None:
    whole = tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("train"), np.random.default_rng(1).bytes(2000))).read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(whole[:cut])
    with pytest.raises(ValueError, match=r"a\.tar\.gz"):
        read_members(tmp_path / "a.tar.gz", ["train"])


ROWS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    "content",
    [7, {}, {b"data": [[1]], b"labels": [1]}, {b"data": ROWS}, {b"data": ROWS, b"labels": [1]},
     {b"data": ROWS, b"labels": [1, 256]}, {b"data": ROWS, b"labels": ["1", 2]},
     {b"data": ROWS[:, 1:], b"labels": [1, 2]},
     {b"data": ROWS.astype(float), b"labels": [1, 2]}],
)  # fmt: skip
def test_colour_images_of_another_form_are_refused(content: Any) -> None:
    with pytest.raises(ValueError, match="batch_1: expected"):
        cifar._pair(content, b"labels", Path("batch_1"))


@pytest.mark.parametrize("text", ["[", "[" * 100_000, "[]", '{"a": "b"}', '{"a": 1e400}', "1" * 5000, "\xff"])
def test_tables_of_words_that_are_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "words.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"words\.json: expected"):
        word_index("imdb", str(path))
