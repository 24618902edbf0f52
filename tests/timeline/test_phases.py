"""Watchers hear of every phase that begins and ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import dtrain
from dtrain import timeline


class Log:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def begin_step(self, epoch: int, step: int) -> None:
        self.lines.append(f"step {epoch} {step}")

    def enter(self, phase: str) -> None:
        self.lines.append(f"+{phase}")

    def leave(self, phase: str) -> None:
        self.lines.append(f"-{phase}")


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    timeline.watch(log)
    yield log
    timeline.unwatch(log)


def test_a_phase_that_ends_by_an_error_is_left(log: Log) -> None:
    with pytest.raises(KeyError), timeline.REDUCE, timeline.WAIT:
        raise KeyError
    assert log.lines == ["+reduce", "+wait", "-wait", "-reduce"]


def test_nothing_is_told_after_unwatch(log: Log) -> None:
    timeline.unwatch(log)
    with timeline.UPDATE:
        timeline.begin_step(0, 0)
    assert log.lines == []


def test_items_are_made_within_the_phase_and_used_outside_of_it(log: Log) -> None:
    for item in timeline.each_within(timeline.DATA, [1, 2]):
        log.lines.append(str(item))
    assert log.lines == ["+data", "-data", "1", "+data", "-data", "2", "+data", "-data"]


def test_a_step_of_fit_goes_through_its_phases_in_order(log: Log) -> None:
    model = dtrain.Sequential([dtrain.Input((3,)), dtrain.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 3)), np.zeros((4, 1)), batch_size=2, verbose=0)
    first = log.lines.index("step 0 0")
    second = log.lines.index("step 0 1")
    assert [line for line in log.lines[first:second] if "callbacks" not in line] == [
        "step 0 0",
        "+compute",
        "-compute",
        "+reduce",
        "-reduce",
        "+update",
        "-update",
        "+data",
        "-data",
    ]
