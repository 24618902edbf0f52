"""What `Loss` makes of the values of the rows: reductions, weights, masks, shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtrain import config, losses, ops
from dtrain.graph import as_tensor
from tests.losses.samples import numbers

TRUE, PRED = numbers(3, 4, seed=1), numbers(3, 4, seed=2)
ROWS = np.mean((TRUE - PRED) ** 2, axis=-1)
WEIGHTS = np.array([1.0, 0.0, 3.0], "float32")


def masked(array: Any, mask: Any) -> Any:
    tensor = as_tensor(array)
    tensor._keras_mask = as_tensor(np.asarray(mask))
    return tensor


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum_over_batch_size", np.sum(ROWS * WEIGHTS) / 3),
        ("mean", np.sum(ROWS * WEIGHTS) / 3),
        ("sum", np.sum(ROWS * WEIGHTS)),
        ("mean_with_sample_weight", np.sum(ROWS * WEIGHTS) / 4),
        ("none", ROWS * WEIGHTS),
        (None, ROWS * WEIGHTS),
    ],
)
def test_reductions_divide_by_what_their_names_say(reduction: str | None, expected: Any) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(TRUE, PRED, WEIGHTS).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(loss(TRUE, PRED, WEIGHTS[:, None]).numpy(), expected, rtol=1e-6)


def test_rows_hidden_by_the_mask_do_not_count_in_the_mean() -> None:
    loss = losses.MeanSquaredError()(TRUE, masked(PRED, [True, False, True]))
    assert float(loss) == pytest.approx((ROWS[0] + ROWS[2]) / 2)


def test_mask_and_weights_multiply() -> None:
    loss = losses.MeanSquaredError()(TRUE, masked(PRED, [True, True, False]), np.array([2.0, 4.0, 8.0]))
    assert float(loss) == pytest.approx((2 * ROWS[0] + 4 * ROWS[1]) / 2, rel=1e-6)


def test_a_mask_that_hides_everything_gives_zero() -> None:
    assert float(losses.MeanSquaredError()(TRUE, masked(PRED, [False] * 3))) == 0


def test_weights_of_rows_apply_to_all_time_steps_of_a_row() -> None:
    y_true, y_pred, weights = numbers(2, 2, 3, seed=3), numbers(2, 2, 3, seed=4), np.array([1.0, 10.0])
    expected = np.mean(np.mean((y_true - y_pred) ** 2, -1) * weights[:, None])
    assert float(losses.MeanSquaredError()(y_true, y_pred, weights)) == pytest.approx(expected, rel=1e-6)


def test_a_batch_without_rows_gives_zero() -> None:
    assert float(losses.MeanSquaredError()(np.zeros((0, 4)), np.zeros((0, 4)))) == 0


@pytest.mark.parametrize(("true", "pred"), [((3,), (3, 1)), ((3, 1), (3,)), ((2, 5), (2, 5, 1))])
def test_a_last_axis_of_length_one_may_be_missing(true: tuple[int, ...], pred: tuple[int, ...]) -> None:
    y_true, y_pred = numbers(*true, seed=5), numbers(*pred, seed=6)
    expected = np.mean((y_true.ravel() - y_pred.ravel()) ** 2)
    assert float(losses.MeanSquaredError()(y_true, y_pred)) == pytest.approx(expected, rel=1e-6)
    assert np.mean(losses.mean_squared_error(y_true, y_pred).numpy()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("true", "pred"), [((3, 4), (3, 5)), ((3,), (3, 3)), ((3, 4), (3, 2, 4))])
@pytest.mark.parametrize("name", ["mean_squared_error", "categorical_crossentropy", "binary_crossentropy", "hinge"])
def test_shapes_that_do_not_fit_are_named(name: str, true: tuple[int, ...], pred: tuple[int, ...]) -> None:
    with pytest.raises(ValueError) as error:
        losses.get_loss(name)(np.zeros(true), np.zeros(pred))
    assert name in str(error.value) and str(true) in str(error.value) and str(pred) in str(error.value)


def test_class_numbers_of_another_shape_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(3,\).*\(2, 4\)|\(2, 4\).*\(3,\)"):
        losses.sparse_categorical_crossentropy(np.zeros(3, int), np.full((2, 4), 0.25))


def test_weights_of_another_shape_are_named() -> None:
    with pytest.raises(ValueError, match=r"sample weights.*\(3,\).*\(2,\)"):
        losses.MeanSquaredError()(TRUE, PRED, np.ones(2))


def test_unknown_reduction_is_an_error() -> None:
    with pytest.raises(ValueError, match="Received: 'average'"):
        losses.MeanSquaredError(reduction="average")


def test_a_subclass_writes_call_and_gets_floats() -> None:
    class Weighted(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            assert y_true.dtype == y_pred.dtype == "float32"
            return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    loss = Weighted(name="mine", reduction="sum")
    assert float(loss(np.array([[1, 2]]), np.array([[0.0, 0.5]]))) == pytest.approx(1.25)
    assert loss.get_config() == {"name": "mine", "reduction": "sum"}


def test_a_subclass_without_call_is_told_so() -> None:
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()(TRUE, PRED)


def test_losses_compute_in_their_dtype() -> None:
    assert losses.MeanSquaredError()(TRUE.astype("float64"), PRED.astype("float64")).dtype == "float32"
    exact = losses.MeanSquaredError(dtype="float64")
    assert exact(TRUE.astype("float64"), PRED.astype("float64")).dtype == "float64"
    assert exact.get_config()["dtype"] == "float64"
    config.set_floatx("float64")
    try:
        assert losses.MeanSquaredError().dtype == "float64"
    finally:
        config.set_floatx("float32")


def test_structures_of_targets_reach_the_function() -> None:
    def both(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true["a"] - y_pred["a"]), axis=-1) + ops.mean(
            ops.abs(y_true["b"] - y_pred["b"]), -1
        )

    loss = losses.LossFunctionWrapper(both)
    got = loss({"a": TRUE, "b": TRUE}, {"a": PRED, "b": PRED})
    assert float(got) == pytest.approx(np.mean(ROWS) + np.mean(np.abs(TRUE - PRED)), rel=1e-6)


def test_one_class_of_softmax_is_warned_of() -> None:
    with pytest.warns(SyntaxWarning, match="binary"):
        losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1)))
