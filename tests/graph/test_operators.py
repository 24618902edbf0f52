"""Python's operators and NumPy's functions on tensors."""

import numpy as np
import pytest

from dtrain import ops
from dtrain.graph import Tensor, Variable
from dtrain.graph.symbolic import KerasTensor

A = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


@pytest.mark.parametrize("make", [ops.convert_to_tensor, Variable])
def test_an_array_meets_a_tensor_in_an_op_from_either_side(make):
    t = make(A)
    for got, expected in [
        (A + t, A + A), (t - A, A - A), (A @ t, A @ A), (A / t, A / A), (t < A, A > A), (t == A, A == A),
        (2 * t, 2 * A), (1 / t, 1 / A), (t**2, A**2), (t // 2, A // 2), (t % 2, A % 2), (-t, -A), (abs(t), A),
        ((A > 2) & (t > 1), (A > 2) & (A > 1)), (~(t > 1), ~(A > 1)), (2.0**t, 2.0**A), (np.float64(2) * t, 2 * A),
    ]:  # fmt: skip
        assert isinstance(got, Tensor)
        np.testing.assert_allclose(got, expected)


def test_other_functions_of_numpy_act_on_known_values():
    t = ops.convert_to_tensor(A)
    assert isinstance(np.sqrt(t), np.ndarray)
    np.testing.assert_array_equal(np.add.reduce(t), A.sum(0))
    total = A.copy()
    total += t
    np.testing.assert_array_equal(total, 2 * A)
    with pytest.raises(ValueError, match="use dtrain.ops instead of NumPy functions"):
        np.sqrt(KerasTensor((2,)))


def test_an_array_and_a_symbolic_tensor_make_a_symbolic_tensor():
    y = A + KerasTensor((None, 1, 2))
    assert y.shape == (None, 2, 2)
