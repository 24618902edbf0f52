import numpy as np
import pytest

from dtrain import regularizers
from dtrain.graph import Variable

X = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]], np.float32)


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.L1(0.1), 0.1 * np.abs(X).sum()),
        (regularizers.L2(0.2), 0.2 * (X**2).sum()),
        (regularizers.L1L2(0.1, 0.2), 0.1 * np.abs(X).sum() + 0.2 * (X**2).sum()),
        (regularizers.get("l2"), 0.01 * (X**2).sum()),
        (regularizers.get("L1"), 0.01 * np.abs(X).sum()),
    ],
)
def test_penalties_are_those_of_the_formula(regularizer, expected):
    value = regularizer(Variable(X))
    assert value.shape == ()
    assert float(value) == pytest.approx(expected, rel=1e-6)


def test_orthogonal_rows_cost_nothing_and_parallel_ones_the_factor():
    regularizer = regularizers.OrthogonalRegularizer(0.5, "rows")
    assert float(regularizer(np.eye(3, dtype="float32"))) == pytest.approx(0.0, abs=1e-7)
    assert float(regularizer(np.array([[1.0, 1.0], [2.0, 2.0]], "float32"))) == pytest.approx(0.5)
    columns = regularizers.OrthogonalRegularizer(0.5, "columns")
    assert float(columns(np.array([[1.0, 2.0], [1.0, 2.0]], "float32"))) == pytest.approx(0.5)


@pytest.mark.parametrize("regularizer", [regularizers.L1(0.3), regularizers.L2(0.3), regularizers.L1L2(0.1, 0.2)])
def test_configurations_come_back(regularizer):
    config = regularizers.serialize(regularizer)
    assert regularizers.get(config).get_config() == regularizer.get_config()


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="l1 must be a number >= 0"):
        regularizers.L1(-1)
    with pytest.raises(ValueError, match="Did you mean"):
        regularizers.get("l22")
    with pytest.raises(ValueError, match="matrix"):
        regularizers.OrthogonalRegularizer()(np.ones(3, "float32"))
