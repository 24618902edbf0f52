import numpy as np
import pytest

import dtrain.ops  # noqa: F401 (gives the operators on tensors their meaning)
from dtrain import constraints
from dtrain.constraints.constraint import constrain
from dtrain.graph import Tensor, Variable

W = np.array([[3.0, -0.1, 0.0], [4.0, 0.2, 0.0]], np.float32)


def norms(w):
    return np.sqrt((np.asarray(w) ** 2).sum(axis=0))


def test_max_norm_shortens_long_columns_only():
    np.testing.assert_allclose(norms(constraints.MaxNorm(2.0)(W)), [2, norms(W)[1], 0], rtol=1e-5)


def test_unit_norm_makes_columns_of_length_one():
    np.testing.assert_allclose(norms(constraints.UnitNorm()(W)), [1, 1, 0], rtol=1e-5)


def test_min_max_norm_goes_the_asked_part_of_the_way():
    got = norms(constraints.MinMaxNorm(0.5, 1.0, rate=0.5)(W))
    np.testing.assert_allclose(got, [3.0, (0.5 + norms(W)[1]) / 2, 0], rtol=1e-5)


def test_non_neg_cuts_at_zero():
    np.testing.assert_array_equal(constraints.NonNeg()(W), np.maximum(W, 0))


def test_a_call_returns_new_values_of_the_kind_given():
    before = W.copy()
    assert isinstance(constraints.NonNeg()(W), np.ndarray)
    assert isinstance(constraints.NonNeg()(Variable(W)), Tensor)
    np.testing.assert_array_equal(W, before)


def test_a_users_constraint_written_with_call_works_in_place():
    class Halve(constraints.Constraint):
        def __call__(self, w):
            return w * 0.5

    for constraint in (Halve(), lambda w: w * 0.5):
        variable = Variable(W)
        memory = variable.array
        variable.constraint = constraint
        constrain(variable)
        assert variable.array is memory
        np.testing.assert_array_equal(variable.array, W / 2)


@pytest.mark.parametrize("name", ["max_norm", "MinMaxNorm", "non_neg", "unit_norm"])
def test_names_and_configurations_give_the_same_constraint(name):
    constraint = constraints.get(name)
    again = constraints.get(constraints.serialize(constraint))
    np.testing.assert_array_equal(constraint(W), again(W))


def test_a_constraint_without_a_rule_says_so():
    with pytest.raises(NotImplementedError, match="write one of them"):
        constraints.Constraint()(W)
