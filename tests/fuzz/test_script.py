"""The long runner sees every way in which a reader can fail, keeps the file, and says so by its status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz.py"

# A reader that fails on some of its files, in place of the one of IDX files.
FAILING = """
import os, runpy, signal, sys
from dataclasses import replace
from tests.fuzz import targets

def read(path):
    kind = path.read_bytes()[0] % 8
    if kind == 1: os.kill(os.getpid(), signal.SIGSEGV)
    if kind == 2: signal.pause()
    if kind == 3: bytearray(1 << 40)
    if kind == 4: 1 / 0
    if kind == 5: os._exit(3)
    if kind == 6: raise ValueError("refused")

target = targets.TARGETS["idx"]
targets.TARGETS["idx"] = replace(target, read=read, mutation=lambda data, draw: draw.randbytes(20))
runpy.run_path({script!r}, run_name="__main__")
"""


def run(*arguments: object, code: str | None = None) -> subprocess.CompletedProcess[str]:
    program = ["-c", code] if code else [str(SCRIPT)]
    words = [sys.executable, *program, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, cwd=SCRIPT.parents[1], timeout=100)


def test_every_kind_of_failure_is_seen_with_its_file(tmp_path: Path) -> None:
    options = ("--target", "idx", "--cases", 24, "--seed", 12, "--seconds", 1, "--keep", tmp_path)
    done = run(*options, code=FAILING.format(script=str(SCRIPT)))
    assert done.returncode == 1, done.stdout + done.stderr
    for verdict in ("killed by SIGSEGV", "no end in 1 s", "MemoryError", "ZeroDivisionError", "killed by status 3"):
        assert verdict in done.stdout, verdict
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == done.stdout.count(str(tmp_path)) > 5
    assert all(path.name.startswith("12-") and len(path.read_bytes()) == 20 for path in kept)
    assert "idx                    24" in done.stdout


@pytest.mark.parametrize("target", ["idx", "pickle"])
def test_readers_that_do_not_fail_end_with_0(target: str, tmp_path: Path) -> None:
    done = run("--target", target, "--cases", 50, "--seed", 1, "--keep", tmp_path / "none")
    assert done.returncode == 0 and not (tmp_path / "none").exists(), done.stdout + done.stderr
