"""The files are plain HDF5: libhdf5 finds, reads, changes and adds to everything in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dtrain.checkpoint.image import encode


def write(path: Path, contents: Any) -> Path:
    path.write_bytes(b"".join(encode(contents)))
    return path


@pytest.mark.parametrize("members", [1, 8, 9, 256, 257, 2100, 8193])
def test_groups_of_any_number_of_members(members: int, tmp_path: Path) -> None:
    """8 names fill a table, 32 tables a node of the tree, 32 nodes the next one."""
    contents = {f"a/x{number}": number for number in range(members)}
    with h5py.File(write(tmp_path / "a.h5", {**contents, "b/c/d/e": 1.5})) as file:
        assert sorted(file["a"]) == sorted(f"x{number}" for number in range(members))
        assert all(file[path][()] == number for path, number in list(contents.items())[:: 1 + members // 50])
        assert "a/x" not in file and "a/y" not in file and file["b/c/d/e"][()] == 1.5
        assert len(list(file["a"].items())) == members


@pytest.mark.parametrize("kind", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4)])
def test_types_and_shapes_are_those_of_h5py(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = (np.arange(np.prod(shape, dtype=int)) % 2).astype(kind).reshape(shape)
    with h5py.File(write(tmp_path / "a.h5", {"a": array})) as file, h5py.File(tmp_path / "b.h5", "w") as other:
        other["a"] = array.astype(array.dtype.newbyteorder("<"))
        assert file["a"].id.get_type() == other["a"].id.get_type()
        np.testing.assert_array_equal(np.asarray(file["a"][()]), np.asarray(other["a"][()]), strict=True)
        assert file["a"].id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS


def test_names_and_texts_of_any_characters(tmp_path: Path) -> None:
    contents = {"größe/ß": "ö", "a.b/ c": "", "%2E/日本": "日本", "z" * 300: "long"}
    with h5py.File(write(tmp_path / "a.h5", contents)) as file:
        assert {path: file[path].asstr()[()] for path in contents} == contents


def test_other_tools_can_change_and_add_to_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", {**{f"w/{n}": np.full(5, n) for n in range(300)}, "t": "text"})
    with h5py.File(path, "r+") as file:
        file["w/7"][...] = -1
        file["w/new"] = np.arange(9.0)
        file["other/group"] = "more"
        del file["w/8"]
        file["t"].attrs["note"] = np.arange(100)
        file.attrs["note"] = "root"
    with h5py.File(path) as file:
        assert len(file["w"]) == 300 and file["w/7"][0] == -1 and file["w/9"][0] == 9 and file["w/new"][8] == 8
        assert file["other/group"].asstr()[()] == "more" and file["t"].attrs["note"][99] == 99
