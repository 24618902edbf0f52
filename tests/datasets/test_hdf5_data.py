"""Rows of a file are those of the arrays that were written, in any order, however they lie in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.datasets import HDF5Data

ROWS = 37
X = np.random.default_rng(0).normal(size=(ROWS, 3, 2)).astype(np.float32)
Y = np.arange(ROWS, dtype=np.int16)
LAYOUTS: dict[str, dict[str, Any]] = {
    "in one piece": {},
    "chunked": {"chunks": (5, 3, 2)},
    "compressed": {"chunks": (4, 3, 2), "compression": "gzip"},
    "other byte order": {"dtype": ">f4"},
}


@pytest.fixture(scope="module", params=LAYOUTS)
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("data") / "rows.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("group/images", data=X, **LAYOUTS[request.param])
        file["labels"] = Y
    with HDF5Data(path, x="group/images", y="labels") as opened:
        yield opened


@given(rows=st.lists(st.integers(0, ROWS - 1), unique=True))
def test_any_rows_come_in_the_order_in_which_they_are_asked_for(data: HDF5Data, rows: list[int]) -> None:
    x, y, weight = data.read_rows(np.array(rows, np.int64))
    np.testing.assert_array_equal(x, X[rows])
    np.testing.assert_array_equal(y, Y[rows])
    assert weight is None and len(data) == ROWS


@pytest.mark.parametrize("rows", [[-1], [ROWS], [0, ROWS + 5]])
def test_a_row_that_does_not_exist_is_refused(data: HDF5Data, rows: list[int]) -> None:
    with pytest.raises(IndexError, match=f"rows must be in \\[0, {ROWS}\\)"):
        data.read_rows(np.array(rows))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.update({"x": X, "y": Y, "short": Y[:-1], "number": 3})
        file["text"] = ["a"] * ROWS
    return tmp_path / "a.h5"


def test_a_part_of_the_rows(path: Path) -> None:
    data = HDF5Data(path, start=10, stop=-7)
    assert len(data) == ROWS - 17
    np.testing.assert_array_equal(data.read_rows(np.array([3, 0]))[1], [13, 10])
    with pytest.raises(IndexError):
        data.read_rows(np.array([ROWS - 17]))


def test_structures_of_names_become_structures_of_arrays(path: Path) -> None:
    x, y, weight = HDF5Data(path, x={"a": "x", "b": "y"}, y=["y"], sample_weight="y").read_rows(np.array([4, 2]))
    assert x["a"].shape == (2, 3, 2) and list(x["b"]) == [4, 2]
    assert list(y[0]) == list(weight) == [4, 2]
    assert HDF5Data(path, y=None).read_rows(np.array([1]))[1] is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"x": "z"}, "no dataset of rows 'z'. It has: number, short, text, x, y"),
        ({"x": "number"}, "no dataset of rows 'number'"),
        ({"y": "short"}, "one number of rows. Found: {'x': 37, 'short': 36}"),
        ({"y": "text"}, "must hold numbers"),
        ({"start": 5, "stop": 5}, "no rows from 5 to 5 among the 37"),
    ],
)
def test_what_cannot_be_read_is_named(path: Path, names: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        HDF5Data(path, **names)
    assert message in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        HDF5Data(tmp_path / "none.h5")


def test_the_fingerprint_knows_other_rows_and_other_numbers(path: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.update({"x": X + 1, "y": Y})
    prints = {d.fingerprint() for d in (HDF5Data(path), HDF5Data(path, start=1), HDF5Data(tmp_path / "b.h5"))}
    assert len(prints) == 3 and HDF5Data(path).fingerprint() in prints


def in_another_file(file: h5py.File, other: str) -> None:
    file["x"] = h5py.ExternalLink(other, "/x")


def by_a_link_to_a_link(file: h5py.File, other: str) -> None:
    file["links/a"] = h5py.ExternalLink(other, "/")
    file["x"] = h5py.SoftLink("/links/a/x")


def virtual(file: h5py.File, other: str) -> None:
    layout = h5py.VirtualLayout((ROWS, 3, 2), "f4")
    layout[...] = h5py.VirtualSource(other, "x", (ROWS, 3, 2))
    file.create_virtual_dataset("x", layout)


def bytes_of_any_file(file: h5py.File, other: str) -> None:
    file.create_dataset("x", (ROWS,), "u1", external=[(other, 0, ROWS)])


@pytest.mark.parametrize("put", [in_another_file, by_a_link_to_a_link, virtual, bytes_of_any_file])
def test_values_in_other_files_are_refused(put: Any, path: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "b.h5", "w") as file:
        put(file, str(path))
        file["y"] = Y
    with pytest.raises(ValueError, match=r"'x' of .*b\.h5 keeps its values in another file"):
        HDF5Data(tmp_path / "b.h5")


def test_links_within_the_file_are_followed(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["again"] = h5py.SoftLink("/x")
    np.testing.assert_array_equal(HDF5Data(path, x="again").read_rows(np.array([2, 1]))[0], X[[2, 1]])


@pytest.mark.parametrize("options", [{}, {"chunks": (1, 1 << 10)}])
def test_rows_far_larger_than_the_file_are_refused(options: Any, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (ROWS, 1 << 50), "f4", **options)
        file["y"] = Y
    with pytest.raises(ValueError, match=r"a row of 'x' has 4,503,599,627,370,496 bytes, in .*a\.h5"):
        HDF5Data(tmp_path / "a.h5")
