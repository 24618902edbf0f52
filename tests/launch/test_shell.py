from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.launch.project import ROOT

SCRIPTS = sorted(
    [*ROOT.glob("launch/*.sh"), *ROOT.glob("launch/*.sbatch"), *ROOT.glob("scripts/*.sh"), ROOT / ".ci/run"]
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_pass_shellcheck(script):
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-x", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", [path for path in SCRIPTS if path.name != "common.sh"], ids=lambda path: path.name)
def test_scripts_can_be_executed(script):
    assert os.access(script, os.X_OK)
