"""Recordings: what is in the window, what contains what, how much there is room for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dtrain import timeline
from dtrain.timeline import runs
from dtrain.timeline.recorder import BURST, Recorder, Window
from dtrain.timeline.spans import Span


@pytest.fixture
def record() -> Iterator[Any]:
    """Starts recorders, and stops them when the test is over."""
    made: list[Recorder] = []

    def start(*window: int | None, ended: Any = lambda: None, **more: Any) -> Recorder:
        made.append(Recorder(Window(*window, **more), ended))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield start
    for recorder in made:
        recorder.stop()


def step(number: int, epoch: int = 0) -> None:
    with timeline.DATA:
        pass
    timeline.begin_step(epoch, number)
    with timeline.COMPUTE:
        listener = runs.listener()
        if listener is not None:
            listener(["forward", None, "backward"], [10, 20, 25, 30])
    with timeline.REDUCE, timeline.WAIT:
        pass


def spans(recorder: Recorder) -> list[Span]:
    return next(iter(recorder.threads()))[1]


def names(recorder: Recorder) -> list[Any]:
    return [span.what for span in spans(recorder)]


def test_a_step_holds_its_phases_and_ends_where_the_data_of_the_next_is_asked_for(record: Any) -> None:
    recorder = record()
    step(0)
    step(1)
    with timeline.DATA:
        pass
    with timeline.VALIDATION:
        pass
    recorder.stop()
    first, second = (span for span in spans(recorder) if isinstance(span.what, tuple))
    assert (first.what, second.what) == ((0, 0), (0, 1))
    data = [span for span in spans(recorder) if span.what == "data"]
    assert first.end == data[1].begin and second.end == data[2].begin
    reduce = next(span for span in spans(recorder) if span.what == "reduce")
    wait = next(span for span in spans(recorder) if span.what == "wait")
    assert first.begin <= reduce.begin <= wait.begin <= wait.end <= reduce.end <= first.end


def test_instructions_have_the_times_told_and_what_others_do_meanwhile_has_none(record: Any) -> None:
    recorder = record()
    step(0)
    found = [span for span in spans(recorder) if span.what in ("forward", "backward")]
    assert found == [Span("forward", 10, 20), Span("backward", 25, 30)]


def test_only_the_steps_of_the_window_are_recorded_and_its_end_is_told(record: Any) -> None:
    told: list[int] = []
    recorder = record(2, 4, ended=lambda: told.append(recorder.steps))
    for epoch in (0, 1):
        for number in range(3):
            assert (runs.listener() is not None) == (epoch * 3 + number in (3, 4))
            step(number, epoch)
    assert [name for name in names(recorder) if isinstance(name, tuple)] == [(0, 2), (1, 0)]
    assert names(recorder).count("data") == 2  # those after a step of the window
    assert told == [2] and not recorder.full
    assert runs.listener() is None


def test_of_short_steps_some_runs_are_recorded_and_of_what_is_rare_everything(record: Any) -> None:
    recorder = record(thin=True)
    for epoch in range(10):
        for number in range(100):
            step(number, epoch)
        with timeline.EPOCH_END, timeline.METRICS:
            pass
    recorder.stop()
    found = names(recorder)
    steps = [epoch * 100 + number for epoch, number in (name for name in found if isinstance(name, tuple))]
    assert recorder.every > 1
    assert recorder.steps == len(steps) < 200
    recorded = sorted({number // BURST for number in steps})
    assert steps == [number for run in recorded for number in range(run * BURST, (run + 1) * BURST) if number < 1000]
    assert (found.count("epoch_end"), found.count("metrics")) == (10, 10)
    assert found.count("forward") == found.count("reduce") == len(steps)


def test_processes_that_record_fewer_steps_record_some_of_those_of_others(record: Any) -> None:
    recorders = {every: record(thin=True) for every in (2, 4)}
    for every, recorder in recorders.items():
        recorder.every = every
    for number in range(10 * BURST):
        step(number)
        time.sleep(0.001)
    runs = {
        every: sorted({name[1] // BURST for name in names(recorder) if isinstance(name, tuple)})
        for every, recorder in recorders.items()
    }
    assert set(runs[4]) <= set(runs[2]) and runs[4][0] == 0 and all(run % 2 == 0 for run in runs[2])


def test_long_steps_are_all_recorded(record: Any) -> None:
    recorder = record(thin=True)
    for number in range(5):
        step(number)
        time.sleep(0.002)
    assert (recorder.steps, recorder.every) == (5, 1)


def test_a_thread_beside_training_wakes_nobody(record: Any) -> None:
    def write() -> None:
        with timeline.WRITE:
            pass

    recorder = record(thin=True)
    recorder.every = 2
    for number in range(BURST + 2):
        step(number)
    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    with timeline.CALLBACKS:
        pass
    (_, own), (_, others) = recorder.threads()
    assert [span.what for span in others] == ["write"]
    assert recorder.steps == BURST and "callbacks" not in [span.what for span in own]


def test_an_error_ends_a_phase_and_a_phase_that_is_not_over_ends_with_the_recording(record: Any) -> None:
    recorder = record()
    with pytest.raises(KeyError), timeline.REDUCE, timeline.WAIT:
        raise KeyError
    timeline.UPDATE.__enter__()
    recorder.stop()
    timeline.UPDATE.__exit__(None, None, None)
    assert names(recorder) == ["wait", "reduce", "update"]
    assert all(span.begin <= span.end for span in spans(recorder))


def test_a_phase_that_had_begun_before_is_not_recorded(record: Any) -> None:
    with timeline.VALIDATION:
        recorder = record()
        with timeline.COMPUTE:
            pass
    assert names(recorder) == ["compute"]


@pytest.mark.parametrize("limit", [1, 10, 1000])
def test_recording_ends_when_there_is_no_room(record: Any, limit: int) -> None:
    recorder = record(limit=limit)
    for number in range(1000):
        step(number)
    assert recorder.full and runs.listener() is None
    assert len(spans(recorder)) <= limit


def test_the_end_of_the_window_is_told_where_it_is_although_there_was_no_room_before(record: Any) -> None:
    told: list[int] = []
    begun: list[int] = []
    recorder = record(2, 9, limit=20, ended=lambda: told.append(len(begun)))
    for number in range(12):
        begun.append(number)
        step(number)
    assert recorder.full and recorder.steps < 5
    assert told == [10]  # as the step number 9 begins


def test_each_thread_has_spans_of_its_own(record: Any) -> None:
    recorder = record()
    both = threading.Barrier(2)

    def write() -> None:
        with timeline.WRITE:
            both.wait()
            both.wait()

    thread = threading.Thread(target=write, name="writer")
    thread.start()
    both.wait()
    with timeline.COMPUTE:
        both.wait()
    thread.join()
    found = [(name, [span.what for span in own]) for name, own in recorder.threads()]
    assert found == [("training", ["compute"]), ("writer", ["write"])]
