"""IDX files give back what was written, and are there whole or not at all."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dtrain.datasets.idx import read_idx, write_idx

TYPES = ("uint8", "int8", "int16", "int32", "float32", "float64")
ANY_ARRAY = st.sampled_from(TYPES).flatmap(
    lambda name: arrays(name, array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
)


@given(array=ANY_ARRAY, ending=st.sampled_from(["", ".gz"]))
def test_any_array_comes_back_bit_for_bit(
    array: np.ndarray, ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"array{ending}"
    write_idx(path, array)
    found = read_idx(path)
    assert found.dtype == array.dtype and found.shape == array.shape and found.tobytes() == array.tobytes()
    assert found.flags.writeable


def test_the_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    write_idx(tmp_path / "a", np.array([[1, -2, 3]], ">i2"))
    assert (tmp_path / "a").read_bytes() == bytes([0, 0, 0x0B, 2]) + struct.pack(">II3h", 1, 3, 1, -2, 3)


def test_compression_is_told_by_the_content_and_leaves_no_time(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(9, dtype=np.uint8))
    data = (tmp_path / "a.gz").read_bytes()
    assert data == (tmp_path / "b.gz").read_bytes() and gzip.decompress(data)[:4] == b"\0\0\x08\x01"
    (tmp_path / "named-otherwise").write_bytes(data)
    assert read_idx(tmp_path / "named-otherwise").tolist() == list(range(9))


@pytest.mark.parametrize("array", [np.zeros(2, np.int64), np.zeros(2, np.uint16), np.zeros(2, bool), np.array(["a"])])
def test_types_that_the_format_does_not_have_are_refused(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"expected an array of uint8, .*Received: {array.dtype}"):
        write_idx(tmp_path / "a", array)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(OSError):
        write_idx(tmp_path / "a", np.zeros(3, np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
