"""What `dtrain predict` reads: images of any kind as the model wants them, arrays as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dtrain.cli.errors import UserError
from dtrain.cli.rows import read_rows
from dtrain.datasets import digits
from dtrain.datasets.idx import write_idx

SHAPE = (28, 28)


@pytest.fixture(scope="module")
def digit() -> np.ndarray:
    return digits.load_data(train=1, test=1)[0][0][0]


def saved(folder: Path, name: str, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["d.png", "d.pgm", "d.bmp", "d.tif"])
def test_an_image_of_the_right_size_is_taken_as_it_is(tmp_path, digit, name, capsys):
    rows = read_rows(saved(tmp_path, name, digit), SHAPE)
    assert rows.dtype == np.uint8
    np.testing.assert_array_equal(rows, digit[None])
    assert capsys.readouterr().err == ""


def test_a_large_image_is_scaled_down(tmp_path, digit):
    rows = read_rows(saved(tmp_path, "d.png", np.kron(digit, np.ones((7, 7), np.uint8))), SHAPE)
    np.testing.assert_allclose(rows[0].astype(int), digit, atol=1)


def test_a_small_image_is_scaled_up(tmp_path, digit):
    assert read_rows(saved(tmp_path, "d.png", digit[::2, ::2]), SHAPE).shape == (1, 28, 28)


def test_dark_on_light_is_inverted_with_a_notice_unless_forbidden(tmp_path, digit, capsys):
    path = saved(tmp_path, "d.png", 255 - digit)
    np.testing.assert_array_equal(read_rows(path, SHAPE), digit[None])
    assert "dark on light, so inverted" in capsys.readouterr().err
    np.testing.assert_array_equal(read_rows(path, SHAPE, invert=False), 255 - digit[None])
    np.testing.assert_array_equal(read_rows(path, SHAPE, invert=True), digit[None])
    assert capsys.readouterr().err == ""


def test_the_sides_keep_their_proportion_and_the_ground_fills_the_rest(tmp_path):
    stroke = np.full((60, 20), 10, np.uint8)
    stroke[10:50, 8:12] = 250
    row = read_rows(saved(tmp_path, "d.png", stroke), SHAPE)[0]
    assert (row[:, :9] == 10).all() and (row[:, -9:] == 10).all()
    assert row[14].max() > 150


def test_colour_becomes_grey_and_transparency_paper(tmp_path):
    drawing = np.zeros((28, 28, 4), np.uint8)
    drawing[5:20, 10:14, 3] = 255
    row = read_rows(saved(tmp_path, "d.png", drawing), SHAPE)[0]
    assert row[0, 0] == 0 and row[10, 12] == 255


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path, digit):
    path = saved(tmp_path, "d.png", digit.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_rows(path, SHAPE), digit[None])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((784,), (1, 784)),
        ((28, 28, 1), (1, 28, 28, 1)),
        ((14, 20, 3), (1, 14, 20, 3)),
        ((None, None, 1), (1, 28, 28, 1)),
    ],
)
def test_images_take_the_shape_of_the_models_rows(tmp_path, digit, shape, expected):
    assert read_rows(saved(tmp_path, "d.png", digit), shape).shape == expected


def test_arrays_and_idx_files_of_the_right_shape_are_taken_as_they_are(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    np.save(tmp_path / "rows.npy", rows.astype(np.float64))
    np.save(tmp_path / "row.npy", rows[0])
    write_idx(tmp_path / "rows-idx3-ubyte.gz", rows)
    write_idx(tmp_path / "rows", rows)
    assert read_rows(tmp_path / "rows.npy", SHAPE).dtype == np.float64
    for name, expected in (("rows.npy", rows), ("row.npy", rows[:1]), ("rows-idx3-ubyte.gz", rows), ("rows", rows)):
        np.testing.assert_array_equal(read_rows(tmp_path / name, SHAPE), expected)


def test_an_array_of_bytes_of_another_size_is_an_image(tmp_path, digit, capsys):
    np.save(tmp_path / "image.npy", 255 - np.kron(digit, np.ones((3, 3), np.uint8)))
    np.testing.assert_array_equal(read_rows(tmp_path / "image.npy", SHAPE), digit[None])
    assert "inverted" in capsys.readouterr().err


def test_what_cannot_be_read_is_one_message_that_names_the_file(tmp_path, digit):
    np.save(tmp_path / "shape.npy", np.zeros((3, 5)))
    np.save(tmp_path / "object.npy", np.array([None]))
    np.savez(tmp_path / "many.npz", a=digit, b=digit)
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").touch()
    (tmp_path / "torn.npy").write_bytes((tmp_path / "shape.npy").read_bytes()[:70])
    whole = saved(tmp_path, "d.png", digit).read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    write_idx(tmp_path / "labels-idx1-ubyte", np.zeros(5, np.uint8))
    (tmp_path / "torn-idx3-ubyte").write_bytes(b"\0\0\x08\x03\0\0")
    for name, words in {
        "shape.npy": "expected rows of shape (28, 28). Received: float64 of shape (3, 5)",
        "object.npy": "cannot be read as a NumPy array",
        "many.npz": "expected one array (.npy). Received an archive of a, b",
        "text.png": "expected an image (PNG, JPEG, PGM, ...), an array (.npy) or an IDX file",
        "empty.png": "expected an image",
        "torn.npy": "cannot be read as a NumPy array",
        "torn.png": "cannot be read as an image",
        "labels-idx1-ubyte": "expected rows of shape (28, 28). Received: uint8 of shape (5,)",
        "torn-idx3-ubyte": "the file is cut off",
        "missing.png": "cannot be read: No such file",
    }.items():
        with pytest.raises(UserError) as error:
            read_rows(tmp_path / name, SHAPE)
        assert words in error.value.message and name in error.value.message, error.value.message


def test_a_model_that_takes_no_images_says_so(tmp_path, digit):
    with pytest.raises(UserError, match=r"takes rows of shape \(5,\), no images"):
        read_rows(saved(tmp_path, "d.png", digit), (5,))


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no archive",
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}".ljust(118),
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}".ljust(118)
        + b"\x80\x04.",
        b"\x93NUMPY\x01\x00\x76\x00" + b"(" * 118,
        b"\x93NUMPY\x07\x00",
    ],
)
def test_arrays_made_to_do_harm_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "rows.npy"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"rows\.npy: cannot be read as a NumPy array"):
        read_rows(path, (4,))
