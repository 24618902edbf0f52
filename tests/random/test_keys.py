"""Keyed random streams: pure functions of the key and the global row."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.random import keys

KEY = (7, "dropout", "dropout_1", 2, 5)
DRAWS = pytest.mark.parametrize("draw", [keys.uniform_rows, keys.normal_rows])


@DRAWS
@pytest.mark.parametrize("row_size", [1, 7, 8, 10, 784, 40_000])
def test_rows_drawn_alone_equal_the_same_rows_of_a_draw_from_zero(draw, row_size):
    whole = draw(*KEY, 0, 30, row_size)
    np.testing.assert_array_equal(draw(*KEY, 10, 10, row_size), whole[10:20])


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 20))
def test_any_cut_of_the_rows_gives_the_same_values(first, left, right, row_size):
    whole = keys.uniform_rows(*KEY, first, left + right, row_size)
    parts = [keys.uniform_rows(*KEY, first, left, row_size), keys.uniform_rows(*KEY, first + left, right, row_size)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_rows_beyond_the_range_of_32_bits_are_reached():
    far = keys.uniform_rows(*KEY, 2**40, 2, 8)
    np.testing.assert_array_equal(far[1], keys.uniform_rows(*KEY, 2**40 + 1, 1, 8)[0])
    assert not np.array_equal(far, keys.uniform_rows(*KEY, 0, 2, 8))


@DRAWS
def test_out_is_overwritten_and_returned(draw):
    out = np.full((9, 13), np.nan, np.float32)
    assert draw(*KEY, 3, 9, 13, out=out) is out
    np.testing.assert_array_equal(out, draw(*KEY, 3, 9, 13))


@DRAWS
def test_out_of_another_shape_or_dtype_is_refused(draw):
    with pytest.raises(ValueError, match=r"out must be float32 of shape \(2, 3\)\. Received: float64"):
        draw(*KEY, 0, 2, 3, out=np.empty((2, 3)))
    with pytest.raises(ValueError, match=r"Received: float32 of shape \(3, 2\)"):
        draw(*KEY, 0, 2, 3, out=np.empty((3, 2), np.float32))


@DRAWS
def test_negative_arguments_are_refused(draw):
    with pytest.raises(ValueError, match="first_row=-1"):
        draw(*KEY, -1, 2, 3)


def test_uniform_numbers_fill_the_half_open_unit_interval_evenly():
    values = keys.uniform_rows(*KEY, 0, 1000, 200)
    assert values.min() >= 0 and values.max() < 1
    counts, _ = np.histogram(values, bins=20, range=(0, 1))
    expected = values.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001


def test_normal_numbers_have_the_moments_of_the_standard_normal():
    values = keys.normal_rows(*KEY, 0, 1000, 201).astype(np.float64)
    moments = [(values**power).mean() for power in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.05)
    assert np.isfinite(values).all()


def test_columns_of_a_row_are_uncorrelated():
    values = keys.normal_rows(*KEY, 0, 20_000, 6)
    assert np.abs(np.corrcoef(values.T) - np.eye(6)).max() < 0.03


def test_every_field_of_the_key_changes_the_stream():
    variants = [
        (7, "dropout", "a", 0, 0),
        (8, "dropout", "a", 0, 0),
        (-7, "dropout", "a", 0, 0),
        (7, "noise", "a", 0, 0),
        (7, "dropout", "b", 0, 0),
        (7, "dropout", "a", 1, 0),
        (7, "dropout", "a", 0, 1),
        (7, "dropouta", "", 0, 0),
        (7, "dropout", "a,1:0", 0, 0),
    ]
    for one, other in combinations(variants, 2):
        assert not np.array_equal(keys.uniform_rows(*one, 0, 1, 8), keys.uniform_rows(*other, 0, 1, 8))


def test_numpy_integers_give_the_key_of_python_integers():
    one = keys.uniform_rows(np.int64(3), "x", "", np.int32(1), np.uint8(2), 0, 1, 8)
    np.testing.assert_array_equal(one, keys.uniform_rows(3, "x", "", 1, 2, 0, 1, 8))


def test_streams_never_change_between_releases():
    raw = keys.philox(1, "purpose", "name", 2, 3).random_raw(2)
    assert [f"{word:016x}" for word in raw] == ["aed28c6e6d0556dd", "9e2cbbd9325eaa36"]
    uniform = keys.uniform_rows(1, "purpose", "name", 2, 3, 5, 1, 3)
    assert uniform.tolist() == [[0.661642849445343, 0.6471176147460938, 0.5429893136024475]]
    normal = keys.normal_rows(1, "purpose", "name", 2, 3, 5, 1, 3)
    np.testing.assert_allclose(normal, [[-1.418799, -1.240427, -0.392832]], rtol=1e-5)


def test_generator_stands_at_the_start_of_the_stream():
    words = keys.generator(*KEY).bit_generator.random_raw(4)
    np.testing.assert_array_equal(words, keys.philox(*KEY).random_raw(4))
