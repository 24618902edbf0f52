"""Arithmetic and elementary functions: values of NumPy, gradients of differences, rows of any division."""

import numpy as np
import pytest

from dtrain import ops
from tests.ops.gradcheck import check, check_divided

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 3))
P = np.abs(RNG.normal(size=(5, 3))) + 0.5
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "arctan2", "logaddexp", "logaddexp2"]
REAL = ["negative", "abs", "square", "exp", "expm1", "sin", "cos", "tan", "sinh", "cosh", "arctan", "arcsinh", "exp2"]
POSITIVE = ["log", "log1p", "log2", "log10", "sqrt", "reciprocal", "power"]
INSIDE = ["arcsin", "arccos", "arctanh"]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shapes", [((5, 3), (5, 3)), ((5, 3), (3,)), ((5, 1), (3,)), ((), (5, 3)), ((5, 3), ())])
def test_binary_ops_broadcast_as_numpy_and_so_do_their_gradients(name, shapes):
    a, b = RNG.normal(size=shapes[0]), np.abs(RNG.normal(size=shapes[1])) + 0.5
    (y,) = check(getattr(ops, name), a, b)
    np.testing.assert_allclose(y, getattr(np, name)(a, b), rtol=1e-12)


@pytest.mark.parametrize("name", BINARY)
def test_binary_ops_do_not_depend_on_how_rows_are_divided(name):
    op = getattr(ops, name)
    check_divided(op, X, P, batched=(True, True))
    check_divided(op, X, P[0], batched=(True, False))
    check_divided(op, P[0], X + 9, batched=(False, True))


@pytest.mark.parametrize("name", REAL)
def test_functions_of_all_numbers(name):
    (y,) = check(getattr(ops, name), X)
    np.testing.assert_allclose(y, getattr(np, name)(X), rtol=1e-12)


@pytest.mark.parametrize("name", POSITIVE[:-1])
def test_functions_of_positive_numbers(name):
    (y,) = check(getattr(ops, name), P)
    np.testing.assert_allclose(y, getattr(np, name)(P), rtol=1e-12)


@pytest.mark.parametrize("name", INSIDE)
def test_functions_of_numbers_between_minus_one_and_one(name):
    (y,) = check(getattr(ops, name), X / 4)
    np.testing.assert_allclose(y, getattr(np, name)(X / 4), rtol=1e-12)


def test_rsqrt_and_arccosh():
    np.testing.assert_allclose(check(ops.rsqrt, P)[0], 1 / np.sqrt(P))
    np.testing.assert_allclose(check(ops.arccosh, P + 1)[0], np.arccosh(P + 1))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1, -0.5, 1.7])
def test_power_of_a_constant_exponent(exponent):
    (y,) = check(lambda x: x**exponent, P)
    np.testing.assert_allclose(y, P**exponent, rtol=1e-12)


def test_power_of_two_tensors_and_of_a_constant_base():
    check(ops.power, P, X)
    check(ops.power, P, X[0])
    check(lambda x: 2**x, X)


def test_power_with_exponent_zero_has_no_gradient_at_zero():
    (y,) = check(lambda x: ops.power(x, np.zeros(3)), np.zeros(3), wrt=[])
    np.testing.assert_array_equal(y, 1)


def test_mod_has_the_sign_of_the_divisor():
    (y,) = check(ops.mod, X, P[0])
    np.testing.assert_allclose(y, np.mod(X, P[0]))


def test_an_operand_that_is_used_twice_gets_both_contributions():
    check(lambda x: x * x, X)
    check(lambda x: (x * x) + x / (x * x + 1) - x, X)


def test_equal_operands_of_maximum_give_the_gradient_to_the_first():
    assert float(ops.maximum(1.0, 1.0)) == 1.0
    from tests.ops.gradcheck import Run

    run = Run(ops.maximum, [np.ones(3), np.ones(3)], [False, False])
    assert np.all(run.gradients[0] != 0) and np.all(run.gradients[1] == 0)


@pytest.mark.parametrize(
    ("a", "b", "dtype"),
    [
        (np.ones(2, np.float32), 1.5, "float32"),
        (np.ones(2, np.float64), 1.5, "float64"),
        (np.ones(2, np.float32), np.float64(1.5), "float32"),
        (np.ones(2, np.float32), np.ones(2, np.int64), "float32"),
        (np.ones(2, np.int32), 2, "int32"),
        (np.ones(2, np.int32), 1.5, "float32"),
        (np.ones(2, np.float32), [1, 2], "float32"),
    ],
)
def test_a_python_number_takes_the_dtype_of_the_other_operand(a, b, dtype):
    assert ops.multiply(a, b).dtype == dtype
    assert ops.multiply(b, a).dtype == dtype


def test_division_of_integers_gives_float32():
    y = ops.divide(np.array([1, 2]), np.array([2, 4]))
    assert y.dtype == "float32"
    np.testing.assert_array_equal(y, [0.5, 0.5])


def test_rounding_functions_have_numpys_values_and_no_gradient():
    for name in ("floor", "ceil", "trunc", "round", "sign"):
        np.testing.assert_array_equal(getattr(ops, name)(X), getattr(np, name)(X))
    check(lambda x: x * ops.stop_gradient(x) - ops.stop_gradient(x) * x + x, X)


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"broadcast together. Received: \(5, 3\), \(4,\)"):
        ops.add(X, np.ones(4))


def test_comparisons_and_logic_have_numpys_values():
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        np.testing.assert_array_equal(getattr(ops, name)(X, P[0]), getattr(np, name)(X, P[0]))
    a, b = X > 0, P > 1
    for name in ("logical_and", "logical_or", "logical_xor"):
        np.testing.assert_array_equal(getattr(ops, name)(a, b), getattr(np, name)(a, b))
    odd = np.array([np.nan, np.inf, -np.inf, 1.0])
    for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "logical_not"):
        np.testing.assert_array_equal(getattr(ops, name)(odd), getattr(np, name)(odd))
    np.testing.assert_array_equal(ops.isclose(odd, odd, equal_nan=True), True)


def test_nan_to_num_replaces_what_is_not_finite():
    odd = np.array([np.nan, np.inf, -np.inf, 1.0])
    np.testing.assert_array_equal(ops.nan_to_num(odd), np.nan_to_num(odd))
    np.testing.assert_array_equal(ops.nan_to_num(odd, 5.0, 6.0, 7.0), [5, 6, 7, 1])


def test_divide_no_nan_is_zero_where_the_divisor_is():
    a, b = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    (y,) = check(lambda a: ops.divide_no_nan(a, b), a)
    np.testing.assert_array_equal(y, [0, 0.5])
