"""Lengths, paddings, chunks and patch matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.kernels.numpy import windows as kernels
from dtrain.kernels.numpy.windows import Windows, blocks, carve, chunk_sizes, output_lengths, same_padding, scratch_size


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.integers(1, 3))
def test_same_padding_gives_one_output_for_each_stride(length, kernel, stride, dilation):
    pads = same_padding((length,), (kernel,), (stride,), (dilation,))
    assert output_lengths((length,), (kernel,), (stride,), pads, (dilation,)) == (-(-length // stride),)
    assert 0 <= pads[0][1] - pads[0][0] <= 1


@given(st.integers(0, 30), st.integers(1, 8))
def test_blocks_cover_every_number_once(count, size):
    assert [k for start, stop in blocks(count, size) for k in range(start, stop)] == list(range(count))


@pytest.mark.parametrize(
    ("images", "rows", "row_bytes", "expected"),
    [
        (100, 8, 1 << 10, (100, 8)),
        (1000, 8, 1 << 12, (32, 8)),
        (5, 1 << 10, 1 << 12, (1, 256)),
        (5, 4, 1 << 30, (1, 1)),
        (0, 4, 8, (1, 4)),
    ],
)
def test_a_chunk_is_whole_images_or_rows_of_one(images, rows, row_bytes, expected):
    assert chunk_sizes(images, rows, row_bytes) == expected


def test_carved_arrays_do_not_overlap():
    shapes = ((3, 5), (0,), (7,), ())
    scratch = np.zeros(scratch_size(shapes))
    arrays = carve(scratch, shapes)
    for number, array in enumerate(arrays, start=1):
        array += number
    assert [a.shape for a in arrays] == list(shapes)
    assert all(np.all(a == k) for k, a in enumerate(arrays, start=1))


@pytest.mark.parametrize("short_run", [0, 1000], ids=["by rows", "by columns"])
@pytest.mark.parametrize("ones", [False, True])
@pytest.mark.parametrize("pool", [(1, 1), (2, 2)])
def test_patches_hold_the_values_of_each_window(short_run, ones, pool, monkeypatch):
    monkeypatch.setattr(kernels, "_SHORT_RUN", short_run)
    windows = Windows((7, 6), 2, (2, 3), (1, 2), ((1, 0), (0, 1)), (2, 1), pool, ones)
    x = np.random.default_rng(0).normal(size=(3, 7, 6, 2))
    padded = windows.pad(x, np.zeros((3, *windows.padded, 2)))
    rows, columns = windows.cells
    buffer = np.full(3 * windows.row_windows * rows * windows.columns, np.nan)
    matrix = windows.patches(padded, 0, rows, buffer)
    assert matrix.shape == (3 * windows.row_windows * rows, windows.columns)
    expected = []
    for place in np.ndindex(pool):
        for image in range(3):
            for cell in np.ndindex(rows, columns):
                i, j = (c * p + k for c, p, k in zip(cell, pool, place, strict=True))
                values = padded[image, i : i + 4 : 2, 2 * j : 2 * j + 3].ravel()
                expected.append(np.append(values, 1) if ones else values)
    np.testing.assert_array_equal(matrix, expected)
