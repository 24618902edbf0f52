"""Warm-up and scaling give the rates of their formulas, and say so."""

from __future__ import annotations

import numpy as np
import pytest

import dtrain
from dtrain import layers
from dtrain.optimizers import SGD, scale_learning_rate, schedules
from dtrain.optimizers.schedules import CosineDecay, WarmUp


def test_the_rate_rises_in_a_straight_line_and_stays() -> None:
    schedule = WarmUp(0.4, 4, initial_learning_rate=0.1)
    assert [schedule(step) for step in range(7)] == pytest.approx([0.1, 0.175, 0.25, 0.325, 0.4, 0.4, 0.4])


def test_a_schedule_begins_where_the_rise_ends() -> None:
    follows = CosineDecay(0.2, 10)
    schedule = WarmUp(follows, 5)
    assert [schedule(step) for step in range(5)] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert [schedule(5 + step) for step in range(12)] == [follows(step) for step in range(12)]


def test_a_rise_to_a_cosine_is_the_one_that_cosine_decay_has_itself() -> None:
    own = CosineDecay(0.05, 10, warmup_target=0.2, warmup_steps=4)
    wrapped = WarmUp(CosineDecay(0.2, 10), 4, initial_learning_rate=0.05)
    assert [wrapped(step) for step in range(16)] == pytest.approx([own(step) for step in range(16)])


def test_what_it_does_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    schedule = WarmUp(CosineDecay(0.2, 10), 5)
    text = capsys.readouterr().out
    assert text == "WarmUp: the learning rate rises from 0 to 0.2 in 5 steps, then follows CosineDecay\n"
    again = schedules.deserialize(schedules.serialize(schedule))
    assert capsys.readouterr().out == ""
    assert [again(step) for step in range(16)] == [schedule(step) for step in range(16)]


def test_an_optimizer_uses_it_and_keeps_it_in_its_configuration() -> None:
    model = dtrain.Sequential([dtrain.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(SGD(WarmUp(0.5, 2)), "mse")
    model.fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=1, shuffle=False, verbose=0)
    assert float(model.get_weights()[0][0, 0]) == pytest.approx(0.25 * 2)  # rates 0 and 0.25, gradient -2
    assert SGD.from_config(model.optimizer.get_config()).get_config() == model.optimizer.get_config()


@pytest.mark.parametrize(("rate", "steps"), [(0.1, 0), (0.1, -3), ("fast", 3), (None, 3)])
def test_what_is_no_rate_or_no_number_of_steps_is_refused(rate: object, steps: int) -> None:
    with pytest.raises(ValueError, match="WarmUp: (warmup_steps|learning_rate) must be"):
        WarmUp(rate, steps)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rule", "expected"), [("linear", 0.8), ("sqrt", 0.1 * 8**0.5)])
def test_rates_are_scaled_by_the_rule_and_told(rule: str, expected: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert scale_learning_rate(0.1, 2048, 256, rule) == pytest.approx(expected)  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert text == f"learning rate {expected:g} = 0.1 scaled ({rule}) from batches of 256 rows to 2048\n"


@pytest.mark.parametrize(
    "arguments", [(0.1, 0, 8), (0.1, 8, 0), (-1.0, 8, 8), (float("nan"), 8, 8), (0.1, 8, 8, "log")]
)
def test_sizes_and_rules_that_do_not_exist_are_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="scale_learning_rate"):
        scale_learning_rate(*arguments)  # type: ignore[arg-type]
