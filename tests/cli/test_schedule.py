from __future__ import annotations

import pytest

from dtrain.cli.schedule import build_schedule, in_steps

COSINE = dict.fromkeys(["initial_learning_rate", "decay_steps", "warmup_target", "warmup_steps"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"decay_epochs": 3}, {"decay_steps": 30}),
        ({"decay_epochs": 0.5}, {"decay_steps": 5}),
        ({}, {"decay_steps": 50}),
        ({"warmup_epochs": 1}, {"warmup_steps": 10, "decay_steps": 40}),
        ({"decay_steps": 7}, {"decay_steps": 7}),
        ({"warmup_steps": 60}, {"warmup_steps": 60, "decay_steps": 1}),
        ({"other_epochs": 2}, {"other_epochs": 2, "decay_steps": 50}),
    ],
)
def test_epochs_become_steps_and_the_decay_ends_with_the_run(options, expected):
    assert in_steps(options, COSINE, steps_per_epoch=10, epochs=5) == expected


def test_a_schedule_without_decay_steps_gets_none():
    assert in_steps({"values": [1.0]}, {"values": None}, 10, 5) == {"values": [1.0]}


def test_a_schedule_that_follows_a_warm_up_ends_with_the_run():
    follows = {"name": "CosineDecay", "initial_learning_rate": 0.1}
    schedule = build_schedule({"name": "WarmUp", "warmup_epochs": 2, "learning_rate": follows}, 10, 6)
    assert (schedule.warmup_steps, schedule.learning_rate.decay_steps) == (20, 40)
    assert schedule(60) == 0.0
