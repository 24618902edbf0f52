from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dtrain.checkpoint.digests import DIGESTS
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.checkpoint.image import decode, encode, read
from dtrain.checkpoint.seal import read_label

DTYPES = st.sampled_from(["?", "i1", "u1", "<i2", "u4", "<i8", "u8", "f2", "<f4", ">f4", "f8", ">f8", ">i2"])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
PARTS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=8).filter(
    lambda part: part not in (".", "..", DIGESTS)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
CONTENTS = st.recursive(
    st.dictionaries(PARTS, ARRAYS | TEXTS, max_size=4),
    lambda inner: st.dictionaries(PARTS, inner, max_size=3),
    max_leaves=3,
)


def file_of(contents: Any, label: str = "") -> bytes:
    return b"".join(encode(contents, label))


def flat(contents: Any, prefix: str = "") -> dict[str, Any]:
    found = {}
    for name, value in contents.items():
        found |= flat(value, f"{prefix}{name}/") if isinstance(value, dict) else {prefix + name: value}
    return found


@given(CONTENTS)
@settings(max_examples=100, deadline=None)
def test_every_array_and_text_comes_back_bit_for_bit_and_in_order(contents: dict[str, Any]) -> None:
    expected = flat(contents)
    found = decode(file_of(contents))
    assert list(found) == list(expected)
    for path, value in expected.items():
        if isinstance(value, str):
            assert found[path] == value
        else:
            native = value.astype(value.dtype.newbyteorder("="))
            assert isinstance(found[path], np.ndarray)
            assert (found[path].dtype, found[path].shape) == (native.dtype, native.shape)
            assert found[path].tobytes() == native.tobytes()


def test_nan_payloads_signed_zeros_and_infinities_keep_their_bits() -> None:
    bits = np.array([0x7FF8000000000123, 0xFFF0000000000000, 0x8000000000000000, 1], np.uint64)
    found = decode(file_of({"x": bits.view(np.float64), "y": np.float64("-inf")}))
    assert found["x"].tobytes() == bits.tobytes()
    assert found["y"].shape == () and found["y"] == -np.inf


def test_views_and_python_scalars_are_stored_by_value() -> None:
    table = np.arange(12.0).reshape(3, 4)
    found = decode(file_of({"t": table.T, "s": table[:, ::2], "n": 3, "b": True, "f": 0.5, "g": np.float32(2)}))
    np.testing.assert_array_equal(found["t"], table.T)
    np.testing.assert_array_equal(found["s"], table[:, ::2])
    assert [found[k][()] for k in "nbfg"] == [3, True, 0.5, 2]
    assert found["g"].dtype == np.float32 and found["b"].dtype == np.bool_


WRITER = """
import hashlib, time
import numpy as np
from dtrain.checkpoint.image import encode
time.sleep(1.1)
x = {"a/b": np.arange(1000.0), "a/c": np.float32(3), "text": "abc", "empty": np.zeros((0, 2))}
print(hashlib.sha256(b"".join(encode(x, "label"))).hexdigest())
"""


def test_equal_contents_give_equal_bytes_at_any_time_and_from_any_memory() -> None:
    """The second process starts later and with its heap filled by another byte."""
    digests = []
    for fill in ("0", "165"):
        done = subprocess.run(
            [sys.executable, "-c", WRITER],
            env={**os.environ, "MALLOC_PERTURB_": fill, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        digests.append(done.stdout)
    assert digests[0] == digests[1]


def test_the_file_is_plain_hdf5_for_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(file_of({"weights": {"dense/kernel": np.eye(3, dtype=np.float32)}, "note": "größer"}, "label"))
    with h5py.File(path) as file:
        assert file.userblock_size == 512
        np.testing.assert_array_equal(file["weights/dense/kernel"][()], np.eye(3))
        assert file["note"].asstr()[()] == "größer"


def test_the_label_is_read_from_the_first_bytes_alone() -> None:
    assert read_label(file_of({}, "step 12")[:512]) == "step 12"
    assert read_label(b"\x89HDF" * 200) == ""
    assert read_label(b"DTRAINCK") == ""


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", ".", "a/../b", "a\0b", "a\nb", "\ud800"])
def test_a_name_that_hdf5_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected names of printable text"):
        encode({name: 1.0})


def test_one_name_for_an_array_and_a_group_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' is the name of an array and of a group"):
        encode({"a/b": 1.0, "a": 2.0})


@pytest.mark.parametrize("name", [DIGESTS, DIGESTS + "/x"])
def test_the_name_of_the_list_of_digests_is_taken(name: str) -> None:
    with pytest.raises(ValueError, match="kept for the list"):
        encode({name: 1.0})


@pytest.mark.parametrize(
    "value", [np.array([object()]), np.zeros(2, "c16"), np.zeros(2, "V3"), b"bytes", None, np.longdouble(1), 2**70]
)
def test_a_value_that_is_no_plain_array_is_refused_with_its_path(value: Any) -> None:
    with pytest.raises(TypeError, match="'model/odd' expected an array of booleans"):
        encode({"model": {"odd": value}})


def test_a_text_with_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        encode({"a": "x\0"})


def test_too_long_a_label_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 432"):
        encode({}, "x" * 433)


def rewrite(path: Path, change: Any) -> None:
    with h5py.File(path, "r+") as file:
        change(file)


def put(file: h5py.File, path: str, value: Any) -> None:
    file[path][...] = value


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: put(f, "w/a", 9.0), "'w/a' has changed"),
        (lambda f: f.pop("w/b"), "'w/b' is missing"),
        (lambda f: f.create_dataset("w/c", data=1.0), "'w/c' is not listed"),
        (lambda f: f.move("w/a", "w/z"), "'w/a' is missing, 'w/z' is not listed"),
        (lambda f: f.pop(DIGESTS), "no list of digests"),
    ],
)
def test_a_file_changed_by_other_tools_is_refused_and_the_array_named(
    tmp_path: Path, change: Any, complaint: str
) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(file_of({"w": {"a": np.ones(3), "b": np.zeros(2)}}))
    rewrite(path, change)
    with pytest.raises(DamagedError, match="is damaged: "):
        read(path)
    with pytest.raises(DamagedError, match=complaint):
        read(path, sealed=False)


def test_swapped_values_of_equal_shape_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(file_of({"a": np.ones(3), "b": np.zeros(3)}))
    rewrite(path, lambda f: (put(f, "a", 0.0), put(f, "b", 1.0)))
    with pytest.raises(DamagedError, match="'a' has changed, 'b' has changed"):
        read(path, sealed=False)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"Cannot read /nowhere/a\.h5: No such file.*ENOENT"):
        read("/nowhere/a.h5")


def test_images_are_built_in_several_threads_at_once() -> None:
    from dtrain.saving.hdf5 import Hdf5, encode_hdf5

    arrays = {str(k): np.arange(1000.0) for k in range(50)}
    with ThreadPoolExecutor(4) as pool:
        ours = [pool.submit(file_of, arrays) for _ in range(20)]
        kerass = [pool.submit(encode_hdf5, Hdf5(arrays)) for _ in range(20)]
        assert len({done.result() for done in ours}) == len({done.result() for done in kerass}) == 1
