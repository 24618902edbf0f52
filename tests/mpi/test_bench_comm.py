"""`dtrain bench comm` measures, predicts, and names a limit."""

from __future__ import annotations

import re
import sys

from tests.mpi.launcher import ROOT, Run, mpirun, needs_mpirun, run

pytestmark = needs_mpirun
PROGRAM = "from dtrain.cli.main import main; main()"


def bench(*arguments: str) -> Run:
    return run([sys.executable, "-c", PROGRAM, "bench", "comm", *arguments], timeout_s=60)


def test_a_configured_model_is_measured_and_predicted() -> None:
    done = bench(str(ROOT / "configs" / "quickstart.toml"), "train.batch_size=64", "-n", "2")
    assert done.rc == 0, str(done)
    assert "Measured on 2 ranks on 1 host" in done.stdout and "109,386 parameters" in done.stdout, str(done)
    ranks = [int(number) for number in re.findall(r"^ +(\d+) +\d+ ", done.stdout, re.MULTILINE)]
    assert ranks == [1 << k for k in range(13)], str(done)
    assert "Measured: 2 ranks with 64 rows each" in done.stdout and "it does not pay" in done.stdout, str(done)


def test_a_model_of_so_many_parameters_needs_no_configuration() -> None:
    arguments = ["bench", "comm", "--parameters", "1000000", "--step-ms", "50", "--ranks-per-host", "8"]
    done = mpirun(2, PROGRAM, *arguments)
    assert done.rc == 0, str(done)
    assert "Measured on 2 ranks" in done.stdout and "Predicted, 8 ranks on a host" in done.stdout, str(done)
    assert "assumed, not measured" in done.stdout


def test_a_size_without_a_time_is_refused() -> None:
    done = bench("--parameters", "10")
    assert done.rc == 2 and "--step-ms" in done.stderr, str(done)
