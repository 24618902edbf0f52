"""Times of phases: each without those within it."""

import time

from dtrain.benchmarks.phase_times import PhaseTimes
from dtrain.timeline import REDUCE, UPDATE, WAIT


def test_a_phase_is_counted_without_those_within_it() -> None:
    with PhaseTimes() as times:
        with REDUCE, WAIT:
            time.sleep(0.02)
        with UPDATE:
            pass
    assert times.seconds["wait"] >= 0.02
    assert times.seconds["reduce"] < times.seconds["wait"]
    assert set(times.seconds) == {"reduce", "wait", "update"}


def test_nothing_is_counted_outside_of_the_block() -> None:
    with PhaseTimes() as times:
        pass
    with REDUCE:
        time.sleep(0.001)
    assert not times.seconds
