"""A run that is killed (SIGKILL) and resumed ends as if it had never been."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.runs import KILLED, PROGRAM, ending, trained, write_config
from tests.mpi.launcher import serial


@pytest.mark.parametrize("step", [2, 20, 30])
def test_a_killed_run_ends_with_the_same_bits_and_a_whole_history(tmp_path: Path, step: int) -> None:
    """Before the first checkpoint there is nothing to resume, so step 2 starts anew."""
    expected = ending(trained(tmp_path / "whole"))
    arguments = ["train", str(write_config(tmp_path)), f"run.folder={tmp_path}"]
    killed = serial(KILLED, *arguments, env={"DIE_AT": f"{step}:0"})
    assert killed.rc == -signal.SIGKILL, killed
    again = serial(PROGRAM, *arguments, *(["--resume"] if step > 3 else []))
    assert again.rc == 0, again
    assert ending(tmp_path / "run") == expected


def test_a_run_may_be_killed_again_and_again(tmp_path: Path) -> None:
    expected = ending(trained(tmp_path / "whole"))
    arguments = ["train", str(write_config(tmp_path)), f"run.folder={tmp_path}"]
    for step in (4, 5, 14, 38):
        killed = serial(KILLED, *arguments, env={"DIE_AT": f"{step}:0"})
        assert killed.rc == -signal.SIGKILL, killed
        arguments = [*arguments[:3], "--resume"]
    assert serial(PROGRAM, *arguments).rc == 0
    assert ending(tmp_path / "run") == expected
