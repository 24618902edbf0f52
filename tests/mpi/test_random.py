"""Random layer graphs, data lengths and ways to train: any number of processes ends with the numbers of one.

`DTRAIN_RANDOM_CASES` (25) is the number of cases, `DTRAIN_RANDOM_RANKS` (3) that of processes. Everything runs in
float64, so that what differs is no rounding.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dtrain
from tests.mpi.launcher import ROOT, find_mpirun, is_open_mpi, launch_environment, needs_mpirun
from tests.mpi.random_cases import RandomCase, Results, train

pytestmark = needs_mpirun
SCRIPT = ROOT / "tests" / "mpi" / "scripts_random.py"
CASES, RANKS = (int(os.environ.get(f"DTRAIN_RANDOM_{name}", n)) for name, n in (("CASES", 25), ("RANKS", 3)))
LIMIT_S = 60

cases = st.builds(
    RandomCase,
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 23),
    batch_size=st.integers(1, 12),
    validation_rows=st.sampled_from([0, 1, 2, 7]),
    weights=st.sampled_from(["none", "random", "zeros"]),
    class_weight=st.booleans(),
    shuffle=st.booleans(),
    normalized=st.booleans(),
    eager=st.sampled_from([False, False, False, True]),
    reproducible=st.sampled_from([False, False, True, 7]),
    further=st.integers(1, 11),
)


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    dtrain.config.set_floatx("float64")
    yield
    dtrain.config.set_floatx("float32")
    dtrain.utils.clear_session()


@pytest.fixture(scope="module")
def on_ranks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[RandomCase], Results]]:
    """Trains a case on several processes, which live as long as the module."""
    folder = tmp_path_factory.mktemp("cases")
    command = [str(find_mpirun()), *(["--oversubscribe"] if is_open_mpi() else []), "-n", str(RANKS)]
    job = subprocess.Popen(
        [*command, sys.executable, str(SCRIPT), str(folder)], env=launch_environment(), stdin=subprocess.DEVNULL
    )
    numbers = iter(range(10**9))

    def ask(content: Any) -> Path:
        path = folder / f"{next(numbers)}.json"
        path.with_suffix(".part").write_text(json.dumps(content))
        os.replace(path.with_suffix(".part"), path)
        return path.with_suffix(".npz")

    def run(case: RandomCase) -> Results:
        path, end = ask(asdict(case)), time.monotonic() + LIMIT_S
        while not path.exists():
            assert job.poll() is None and time.monotonic() < end, "the job has ended or hangs"
            time.sleep(0.002)
        with np.load(path) as file:
            return dict(file)

    try:
        yield run
        ask(None)
        job.wait(LIMIT_S)
    finally:
        job.terminate()
        job.wait()


@settings(
    max_examples=CASES, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(case=cases)
def test_random_cases_end_with_the_numbers_of_one_process(
    on_ranks: Callable[[RandomCase], Results], case: RandomCase
) -> None:
    found = on_ranks(case)
    assert "error" not in found, str(found["error"])
    expected = train(case)
    assert list(found) == list(expected)
    exact = case.reproducible is not False
    for name, value in expected.items():
        tolerance = 0.0 if exact else 1e-6
        np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)
