"""Crossentropies: Keras's values, gradients, clipping, and labels that name no class."""

import numpy as np
import pytest

from dtrain import ops
from tests.ops.gradcheck import Run, check, check_divided

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(5, 4)) * 2
PROBABILITIES = RNG.uniform(0.05, 0.95, size=(5, 4))  # rows that do not sum to 1
TARGET = RNG.uniform(size=(5, 4))
LABELS = np.array([0, 3, 1, 2, 2])
FROM_LOGITS = pytest.mark.parametrize("from_logits", [False, True])


def _log_p(output, from_logits, axis):
    if from_logits:
        return output - np.log(np.exp(output).sum(axis, keepdims=True))
    return np.log(np.clip(output / output.sum(axis, keepdims=True), 1e-7, 1 - 1e-7))


@FROM_LOGITS
@pytest.mark.parametrize("axis", [-1, 0])
def test_categorical_crossentropy(from_logits, axis):
    output = LOGITS if from_logits else PROBABILITIES
    (y,) = check(lambda t, o: ops.categorical_crossentropy(t, o, from_logits, axis), TARGET, output)
    np.testing.assert_allclose(y, -(TARGET * _log_p(output, from_logits, axis)).sum(axis), rtol=1e-10)
    if axis == -1:
        check_divided(
            lambda t, o: ops.categorical_crossentropy(t, o, from_logits), TARGET, output, batched=(True, True)
        )


@FROM_LOGITS
@pytest.mark.parametrize("axis", [-1, 0])
def test_sparse_categorical_crossentropy(from_logits, axis):
    output = LOGITS if from_logits else PROBABILITIES
    labels = LABELS if axis == -1 else LABELS[:4]
    (y,) = check(lambda t, o: ops.sparse_categorical_crossentropy(t, o, from_logits, axis), labels, output)
    hot = np.moveaxis(np.eye(output.shape[axis])[labels], -1, axis)
    np.testing.assert_allclose(y, -(hot * _log_p(output, from_logits, axis)).sum(axis), rtol=1e-10)


@FROM_LOGITS
def test_sparse_categorical_crossentropy_of_any_rank_and_division(from_logits):
    output = np.stack([LOGITS, LOGITS[::-1]], 1) if from_logits else np.stack([PROBABILITIES, PROBABILITIES[::-1]], 1)
    labels = np.stack([LABELS, LABELS[::-1]], 1)

    def loss(t, o):
        return ops.sparse_categorical_crossentropy(t, o, from_logits)

    (y,) = check(loss, labels, output)
    np.testing.assert_allclose(y[:, 0], y[::-1, 1])
    check_divided(loss, labels, output, batched=(True, True))
    column = np.asarray(loss(labels[:, :1], output[:, 0]))
    np.testing.assert_allclose(column, y[:, 0])
    np.testing.assert_allclose(np.asarray(loss(labels[:, 0].astype(np.float32), output[:, 0])), y[:, 0])


@FROM_LOGITS
def test_binary_crossentropy(from_logits):
    output = LOGITS if from_logits else PROBABILITIES
    (y,) = check(lambda t, o: ops.binary_crossentropy(t, o, from_logits), TARGET, output)
    p = 1 / (1 + np.exp(-output)) if from_logits else output
    np.testing.assert_allclose(y, -(TARGET * np.log(p) + (1 - TARGET) * np.log(1 - p)), rtol=1e-10)
    check_divided(lambda t, o: ops.binary_crossentropy(t, o, from_logits), TARGET, output, batched=(True, True))


def test_clipped_probabilities_cost_what_keras_says_and_pass_no_gradient():
    output, hot = np.array([[1.0, 0, 0], [0.5, 0.5, 0]]), np.array([[0, 1.0, 0], [1, 0, 0]])
    most = -np.log(1e-7)
    categorical = Run(ops.categorical_crossentropy, [hot, output], [False, False])
    sparse = Run(ops.sparse_categorical_crossentropy, [np.array([1, 0]), output], [False, False])
    binary = Run(ops.binary_crossentropy, [hot, output], [False, False])
    for run in (categorical, sparse):
        np.testing.assert_allclose(run.outputs[0], [most, np.log(2)])
        assert np.all(run.gradients[1][0] == 0) and np.all(run.gradients[1][1] != 0)
    np.testing.assert_allclose(binary.outputs[0][0], [most, most, -np.log1p(-1e-7)], rtol=1e-6)
    assert np.all(binary.gradients[1][output % 1 == 0] == 0)


@FROM_LOGITS
def test_far_logits_neither_overflow_nor_vanish(from_logits):
    logits = np.array([[1000.0, 0.0], [-1000.0, 0.0]], np.float32)
    with np.errstate(all="raise"):
        np.testing.assert_allclose(ops.sparse_categorical_crossentropy([1, 0], logits, True), [1000, 1000])
        np.testing.assert_allclose(ops.categorical_crossentropy([[0, 1], [1, 0]], logits, True), [1000, 1000])
        np.testing.assert_allclose(ops.binary_crossentropy([[0.0, 1], [1, 0]], logits, True)[:, 0], [1000, 1000])


@pytest.mark.parametrize("label", [4, -1, 255, float("nan")])
@FROM_LOGITS
def test_a_label_that_names_no_class_is_reported_with_its_row(label, from_logits):
    labels = np.array([0, 1, label, 2, 3])
    with pytest.raises(
        ValueError, match=r"expected labels in \[0, 4\), one of 4 classes. Received: label .* in row 2 "
    ):
        ops.sparse_categorical_crossentropy(labels, LOGITS, from_logits)


def test_the_row_of_a_wrong_label_is_counted_over_all_processes():
    labels = np.array([0, 1, 2, 3, 9])
    with pytest.raises(ValueError, match="label 9 in row 4 of the batch"):
        check_divided(
            lambda t, o: ops.sparse_categorical_crossentropy(t, o), labels[:, None][:, 0], PROBABILITIES,
            batched=(True, True), cuts=[(2, 3)],
        )  # fmt: skip


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"labels of shape \(5,\) for an output of shape \(5, 4\)"):
        ops.sparse_categorical_crossentropy(LABELS[:3], LOGITS)
    with pytest.raises(ValueError, match="categorical_crossentropy: expected target and output of one shape"):
        ops.categorical_crossentropy(LABELS, LOGITS)
    with pytest.raises(ValueError, match="binary_crossentropy: expected target and output of one shape"):
        ops.binary_crossentropy(LABELS, LOGITS)
