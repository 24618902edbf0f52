"""Values and gradients of all losses against Keras, where it is installed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from dtrain import losses
from dtrain.graph import as_tensor
from tests.losses.samples import IDS, LOSSES, ROWS, numbers
from tests.losses.test_divided import train

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")
torch = pytest.importorskip("torch", reason="PyTorch, Keras's backend for gradients, is not installed")

MASK = np.array([True, False, True, True, False, True])


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "arguments", "sample"), LOSSES, ids=IDS)
def test_loss_and_gradient_are_those_of_keras(
    name: str, arguments: Any, sample: Any, weighted: bool, masked: bool, reduction: str
) -> None:
    y_true, y_pred = sample
    scalar = arguments.get("axis", -1) is None or (name in ("Dice", "Tversky") and "axis" not in arguments)
    if scalar and (weighted or masked):
        pytest.skip("one number for the whole batch has no rows to weigh")
    weights = numbers(ROWS, seed=12) if weighted else None
    mask = MASK if masked else None
    offset = torch.zeros(y_pred.shape[1:], requires_grad=True)
    prediction = torch.tensor(y_pred) + offset
    if masked:
        prediction._keras_mask = torch.tensor(MASK)
    expected = getattr(keras.losses, name)(reduction=reduction, **arguments)(y_true, prediction, weights)
    expected.backward()
    loss = getattr(losses, name)(reduction=reduction, **arguments)
    eager = as_tensor(y_pred)
    eager._keras_mask = None if mask is None else as_tensor(mask)
    assert float(loss(y_true, eager, weights)) == pytest.approx(expected.item(), rel=3e-6, abs=1e-6)
    _, _, gradient = train(loss, y_true, y_pred, weights, mask)
    np.testing.assert_allclose(gradient, offset.grad.numpy(), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments", "sample"), LOSSES, ids=IDS)
def test_keras_reads_the_configuration_and_the_other_way_round(name: str, arguments: Any, sample: Any) -> None:
    loss = getattr(losses, name)(**arguments)
    theirs = keras.saving.deserialize_keras_object(losses.serialize(loss))
    assert float(theirs(*sample)) == pytest.approx(float(loss(*sample)), rel=3e-6, abs=1e-6)
    again = losses.deserialize(keras.losses.serialize(getattr(keras.losses, name)(**arguments)))
    assert type(again) is type(loss)
