"""Results of all metrics against Keras, where it is installed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from dtrain import metrics
from tests.metrics.samples import IDS, METRICS, Make, batches, row_weights

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "arguments", "make"), METRICS, ids=IDS)
def test_result_is_that_of_keras(name: str, arguments: Any, make: Make, weighted: bool) -> None:
    if weighted and name.endswith("IoU"):
        pytest.skip("Keras cuts the weights of these metrics to integers")
    ours, theirs = (getattr(library, name)(**arguments) for library in (metrics, keras.metrics))
    for k, (y_true, y_pred) in enumerate(batches(make)):
        weights = row_weights(k) if weighted else None
        ours.update_state(y_true, y_pred, sample_weight=weights)
        # Keras wraps functions without the rule for a last axis of length 1, which its compile() applies before.
        targets = y_true.reshape(y_pred.shape) if name == "BinaryCrossentropy" else y_true
        theirs.update_state(targets, keras.ops.convert_to_tensor(y_pred), sample_weight=weights)
    expected = keras.ops.convert_to_numpy(theirs.result())
    rtol = 2e-5 if name == "R2Score" else 4e-6  # Keras sums in float32
    np.testing.assert_allclose(ours.result().numpy(), expected, rtol=rtol, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments", "make"), METRICS, ids=IDS)
def test_keras_reads_the_configuration_and_the_other_way_round(name: str, arguments: Any, make: Make) -> None:
    ours, theirs = (getattr(library, name)(**arguments) for library in (metrics, keras.metrics))
    assert type(keras.saving.deserialize_keras_object(metrics.serialize(ours))) is type(theirs)
    assert type(metrics.deserialize(keras.metrics.serialize(theirs))) is type(ours)
