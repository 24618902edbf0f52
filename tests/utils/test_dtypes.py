"""Names of dtypes."""

import numpy as np
import pytest

from dtrain.backend import standardize_dtype

NAMES = ["bool", "int8", "uint16", "int32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_of_numpy_is_called_by_its_own_name(name):
    """Also those that NumPy says are equal to Python's `int`, `float` and `bool`."""
    assert standardize_dtype(np.dtype(name)) == name
    assert standardize_dtype(np.dtype(name).type) == name
    assert standardize_dtype(np.zeros(1, name).dtype) == name


def test_the_types_of_python_mean_the_default_widths():
    given = [None, int, float, bool, str, "int", "float", "string", np.dtype("U3")]
    names = ["float32", "int32", "float32", "bool", "string", "int32", "float32", "string", "string"]
    assert [standardize_dtype(dtype) for dtype in given] == names
