import logging
import re

import pytest

from dtrain import config
from dtrain.utils import Progbar


def test_the_last_line_is_that_of_keras(capsys):
    bar = Progbar(3, verbose=2, stateless_metrics=())
    for step in range(1, 4):
        bar.update(step, [("loss", 1.0 / step), ("tiny", 0.0)])
    line = capsys.readouterr().out
    assert re.fullmatch(r"3/3 - 0s - \d+[mu]s/step - loss: 0\.3333 - tiny: 0\.0000e\+00\n", line)


def test_values_are_averaged_over_steps_unless_stateful(capsys):
    bar = Progbar(4, stateful_metrics=["now"])
    bar.update(1, [("mean", 1.0), ("now", 1.0)])
    bar.add(2, [("mean", 4.0), ("now", 4.0)])
    bar.update(4, [("mean", 7.0), ("now", 7.0)])
    assert "mean: 4.0000 - now: 7.0000" in capsys.readouterr().out


def test_an_unknown_target_ends_when_told(capsys):
    bar = Progbar(None)
    bar.update(1)
    assert capsys.readouterr().out == ""
    bar.update(2, finalize=True)
    assert capsys.readouterr().out.startswith("2/2")


def test_silence(capsys):
    Progbar(1, verbose=0).update(1, [("loss", 1.0)])
    assert capsys.readouterr().out == ""


def test_output_goes_to_logging_when_it_is_not_interactive(capsys, caplog):
    config.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, "dtrain"):
            Progbar(1).update(1)
    finally:
        config.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert caplog.messages[0].startswith("1/1")


def test_other_processes_are_silent(capsys, monkeypatch):
    from dtrain.distributed import console

    monkeypatch.setattr(console, "is_main", lambda: False)
    Progbar(1).update(1)
    assert capsys.readouterr().out == ""


def test_both_lists_of_metrics_are_too_much():
    with pytest.raises(ValueError, match="only one"):
        Progbar(1, stateful_metrics=[], stateless_metrics=[])


def test_a_bar_on_a_terminal_shows_steps_and_values(monkeypatch):
    import io

    from dtrain.utils import progbar

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    bar = progbar.Progbar(3, interval=0.0, stateless_metrics=())
    bar.update(1, [("loss", 0.5)])
    assert "1/3" in screen.getvalue()
    assert "loss: 0.5000" in screen.getvalue()
    bar.update(3, [("loss", 0.25)])
    assert "3/3 - 0s" in screen.getvalue()


def test_samples_per_second_count_until_the_last_report(capsys, monkeypatch):
    from dtrain.utils import progbar

    now = iter([0.0, 2.0, 2.0, 10.0])  # start, report of samples, end of the same update, end of the loop
    monkeypatch.setattr(progbar.time, "perf_counter", lambda: next(now))
    bar = Progbar(4, verbose=2)
    bar.update(4, samples=1000, finalize=False)
    next(now)
    bar.update(4, [("loss", 0.5)], finalize=True)
    assert capsys.readouterr().out == "4/4 - 10s - 2s/step - 500 samples/s - loss: 0.5000\n"


def test_steps_that_were_done_before_take_no_time_of_the_loop(capsys, monkeypatch):
    from dtrain.utils import progbar

    now = iter([0.0, 10.0])
    monkeypatch.setattr(progbar.time, "perf_counter", lambda: next(now))
    bar = Progbar(20, verbose=2)
    bar.begin_at(15)
    bar.update(20)
    assert capsys.readouterr().out == "20/20 - 10s - 2s/step\n"
