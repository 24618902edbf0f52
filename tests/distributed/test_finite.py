"""The first value that is no number is found, and very large numbers are not taken for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrain.distributed.finite import first_not_finite


@given(size=st.integers(1, 300), place=st.integers(0, 299), bad=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_the_first_place_is_found(size: int, place: int, bad: float) -> None:
    array = np.zeros(size, np.float32)
    array[min(place, size - 1) :] = bad
    assert first_not_finite(array) == min(place, size - 1)


@pytest.mark.parametrize("value", [0.0, 1e-45, 3e38, -3e38])
def test_numbers_of_any_size_are_numbers(value: float) -> None:
    assert first_not_finite(np.full(1000, value, np.float32)) is None


def test_nothing_is_finite() -> None:
    assert first_not_finite(np.zeros(0, np.float32)) is None
