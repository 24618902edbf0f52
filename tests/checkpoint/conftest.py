from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dtrain.checkpoint.state import TrainingState

MakeState = Callable[..., TrainingState]


@pytest.fixture
def make_state() -> MakeState:
    """Return a function that makes a small state whose weights are a function of its step."""

    def make(step: int = 7, size: int = 100) -> TrainingState:
        rng = np.random.Generator(np.random.Philox(step))
        kernel = rng.standard_normal((size, 3)).astype(np.float32)
        return TrainingState(
            weights={"dense/kernel": kernel, "dense/bias": np.zeros(3, np.float32)},
            optimizer_slots={"velocity": {"dense/kernel": kernel * 2, "dense/bias": np.ones(3, np.float32)}},
            optimizer_scalars={"iterations": np.array(step, np.int64), "learning_rate": np.array(0.1, np.float32)},
            step=step,
            epoch=1,
            epoch_step=step % 5,
            seed=2**70 + 1,
            batch_size=128,
            dataset_length=60_001,
            history_epochs=[0],
            history={"val_loss": [0.1], "loss": [float("nan")], "accuracy": [1 / 3]},
            metrics={"loss": np.array([0.1 + 0.2, 3.0])},
            callbacks={"early_stopping": {"wait": 2, "best": float("inf"), "best_weights": [kernel]}},
            model_config={"class_name": "Sequential", "config": {"layers": []}},
            versions={"dtrain": "0.1.0"},
        )

    return make
