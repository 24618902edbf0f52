"""Synthetic digits are pure functions of seed and index: the same bytes on every machine, in any group."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtrain.datasets import digits


@settings(max_examples=10, deadline=None)
@given(first=st.integers(0, 300), count=st.integers(0, 9), seed=st.integers(0, 2**63 - 1))
def test_an_image_does_not_depend_on_those_drawn_with_it(first: int, count: int, seed: int) -> None:
    x, y = digits.images(first, count, seed)
    assert x.shape == (count, 28, 28) and y.shape == (count,) and x.dtype == y.dtype == np.uint8
    for index in range(count):
        one, label = digits.images(first + index, 1, seed)
        np.testing.assert_array_equal(one[0], x[index])
        assert label[0] == y[index]


def test_the_bytes_never_change_between_releases_and_machines() -> None:
    (x, y), (u, v) = digits.load_data(train=130, test=5, seed=3)
    content = b"".join(array.tobytes() for array in (x, y, u, v))
    assert hashlib.sha256(content).hexdigest() == "ea5e9b1ccce189546b56c89d1743eb2dc5eb6c802ec8c4844383abee83cd0740"


def test_the_test_images_do_not_depend_on_the_number_of_training_images() -> None:
    few, many = digits.load_data(train=1, test=4), digits.load_data(train=200, test=4)
    np.testing.assert_array_equal(few[1][0], many[1][0])
    np.testing.assert_array_equal(few[0][0], many[0][0][:1])
    assert not np.array_equal(few[1][0][0], many[0][0][0])


def test_all_digits_occur_about_equally_often_in_ink_on_paper() -> None:
    x, y = digits.images(0, 1000)
    assert np.bincount(y, minlength=10).min() > 60 and y.max() == 9
    border = np.concatenate([x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]])
    assert border.mean() < 30 < x[:, 8:20, 8:20].mean() and x.max() == 255 and x.min() == 0


def test_other_seeds_give_other_images() -> None:
    assert not np.array_equal(digits.images(0, 3, 0)[0], digits.images(0, 3, 1)[0])


@pytest.mark.parametrize(("first", "count"), [(-1, 2), (0, -2)])
def test_negative_numbers_are_refused(first: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"Received: first={first}, count={count}"):
        digits.images(first, count)
