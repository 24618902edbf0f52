"""The bar is for a terminal, which a launcher hides: Open MPI behind a pseudo-terminal, hydra behind a pipe."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.mpi.launcher import find_mpirun, is_open_mpi, launch_environment, mpirun, needs_mpirun, run, serial

WIDTH = """
import sys
from dtrain.distributed import is_main
from dtrain.distributed.terminal import terminal_width
if is_main():
    sys.stdout.write(f"[{terminal_width()}]\\n")
"""
TRAIN = """
import numpy as np, time
import dtrain
model = dtrain.Sequential([dtrain.Input((4,)), dtrain.layers.Dense(1)])
model.compile("sgd", "mse")
pause = dtrain.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.05))
model.fit(np.ones((200, 4)), np.ones((200, 1)), batch_size=10, callbacks=[pause])
"""


def on_terminal(command: list[str], columns: int = 91) -> str:
    """Run a command whose output is a pseudo-terminal, and return what it shows."""
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, columns))
    env = {name: value for name, value in launch_environment().items() if name != "COLUMNS"} | {"TERM": "xterm"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=other, stderr=other, env=env)
    os.close(other)
    shown = b""
    try:
        while block := os.read(main, 4096):
            shown += block
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(main)
        process.wait(timeout=60)
    return shown.decode()


def ranks(code: str) -> list[str]:
    launcher = find_mpirun()
    assert launcher is not None
    return [launcher, *(["--oversubscribe"] if is_open_mpi() else []), "-n", "2", sys.executable, "-c", code]


def test_one_process_sees_its_terminal_and_no_other_output() -> None:
    assert "[91]" in on_terminal([sys.executable, "-c", WIDTH])
    assert "[None]" in serial(WIDTH).stdout


@needs_mpirun
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_ranks_see_the_terminal_of_their_launcher_and_no_other_output() -> None:
    assert "[91]" in on_terminal(ranks(WIDTH))
    assert "[None]" in mpirun(2, WIDTH).stdout


@needs_mpirun
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_rank_whose_output_goes_to_a_file_has_no_terminal(tmp_path: Path) -> None:
    code = f"import sys\nsys.stdout = open({str(tmp_path / 'out')!r} + str(__import__('os').getpid()), 'w')\n{WIDTH}"
    on_terminal(ranks(code))
    assert "".join(path.read_text() for path in tmp_path.iterdir()) == "[None]\n"


@needs_mpirun
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_bar_is_drawn_by_one_rank_and_ends_as_one_line() -> None:
    shown = on_terminal(ranks(TRAIN))
    assert "━" in shown and "s left" in shown and "samples/s" in shown and "loss: " in shown, shown
    assert shown.count("20/20 - ") == 1, shown
    assert "20/20 - " in shown.splitlines()[-1], shown


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=needs_mpirun)])
def test_without_a_terminal_there_are_plain_lines(processes: int) -> None:
    done = run([sys.executable, "-c", TRAIN] if processes == 1 else ranks(TRAIN), timeout_s=60)
    assert done.rc == 0, done
    lines = done.stdout.splitlines()
    assert len(lines) == 1 and lines[0].startswith("20/20 - ") and "\x1b" not in done.stdout, done
    assert re.search(r"samples/s - loss: " if processes == 1 else r"samples/s - wait \d+ % .*- loss: ", lines[0]), done
