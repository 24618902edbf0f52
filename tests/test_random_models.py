"""A few hundred random models against Keras: outputs, losses, and weights after 3 steps.

Everything runs in float64. Keras on PyTorch still has some numbers in float32 (data, epsilons), hence the tolerances.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dtrain

from .random_models import Case, build

os.environ.setdefault("KERAS_BACKEND", "torch")
keras: Any = pytest.importorskip("keras", reason="Keras 3 is not installed", exc_type=ImportError)

SEEDS = range(250)
STEPS = 3


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    for library in (dtrain, keras):
        library.utils.clear_session()
        library.config.set_floatx("float64")
    yield
    for library in (dtrain, keras):
        library.config.set_floatx("float32")


def _one(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0]


def _outputs(case: Case) -> list[Any]:
    found = case.model.predict(_one(case.x), verbose=0)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def _close(what: str, ours: Any, theirs: Any, told: list[str]) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=5e-5, err_msg=f"{what} of\n  " + "\n  ".join(told))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_model_computes_and_learns_as_in_keras(seed: int) -> None:
    ours, theirs = build(dtrain, seed), build(keras, seed)
    shapes = [w.shape for w in theirs.model.get_weights()]
    assert [w.shape for w in ours.model.get_weights()] == shapes, ours.told
    rng = np.random.default_rng(seed)
    values = [(w + rng.normal(0, 0.05, w.shape)).astype("float32") for w in ours.model.get_weights()]
    values = [np.abs(v) if w.name == "moving_variance" else v for v, w in zip(values, ours.model.weights, strict=True)]
    for case in (ours, theirs):
        case.model.set_weights(values)
    for a, b in zip(_outputs(ours), _outputs(theirs), strict=True):
        _close("outputs", a, b, ours.told)
    for step in range(STEPS):
        losses = [
            case.model.train_on_batch(_one(case.x), _one(case.y), sample_weight=case.sample_weight, return_dict=True)
            for case in (ours, theirs)
        ]
        _close(f"loss of step {step}", losses[0]["loss"], float(losses[1]["loss"]), ours.told)
    names = [v.path for v in ours.model.weights]
    for name, a, b in zip(names, ours.model.get_weights(), theirs.model.get_weights(), strict=True):
        _close(f"{name} after {STEPS} steps", a, b, ours.told)
