from __future__ import annotations

from typing import Any

import pytest

from dtrain.checkpoint import Rotation

STEPS: dict[int, float | None] = {100: 0.5, 200: 0.1, 300: 0.9, 400: None, 500: float("nan"), 600: 0.1}


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (Rotation(), {400, 500, 600}),
        (Rotation(keep_last=1), {600}),
        (Rotation(keep_last=99), set(STEPS)),
        (Rotation(keep_last=1, keep_best=1), {600}),
        (Rotation(keep_last=1, keep_best=2), {200, 600}),
        (Rotation(keep_last=1, keep_best=1, best="max"), {300, 600}),
        (Rotation(keep_last=1, keep_best=99), {100, 200, 300, 600}),
        (Rotation(keep_last=1, keep_every=200), {200, 400, 600}),
        (Rotation(keep_last=2, keep_best=1, best="max", keep_every=400), {300, 400, 500, 600}),
    ],
)
def test_a_step_stays_if_any_rule_says_so(rotation: Rotation, expected: set[int]) -> None:
    assert rotation.kept(STEPS) == expected


def test_of_equal_metrics_the_later_step_is_the_best() -> None:
    assert Rotation(keep_last=1, keep_best=1).kept({1: 0.5, 2: 0.5, 3: 0.7}) == {2, 3}


@pytest.mark.parametrize(
    "rule",
    [{"keep_last": 0}, {"keep_best": -1}, {"keep_every": 0}, {"best": "largest"}],
    ids=lambda rule: next(iter(rule)),
)
def test_a_senseless_rule_is_refused(rule: dict[str, Any]) -> None:
    name = next(iter(rule))
    with pytest.raises(ValueError, match=f"Rotation: {name} must .*Received: {name}="):
        Rotation(**rule)
