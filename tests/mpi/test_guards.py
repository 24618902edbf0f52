"""Numbers that are none, and copies that drift apart: all processes decide alike, and say which one, where and when."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.mpi.launcher import ROOT, mpirun, needs_mpirun

pytestmark = needs_mpirun

SCRIPT = ROOT / "tests" / "mpi" / "scripts_guards.py"
RUNS = [(2, "shared"), (3, "shared"), (2, "allreduce"), (3, "allreduce")]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Gives, for a number of processes and a reduction, what each of them found."""

    @cache
    def run(n: int, reduction: str) -> list[dict[str, Any]]:
        folder: Path = tmp_path_factory.mktemp(f"on-{n}")
        env = {"DTRAIN_REDUCTION": reduction, "DTRAIN_CHECK_STEPS": "3"}
        done = mpirun(n, SCRIPT, str(folder), timeout_s=100, env=env)
        assert done.rc == 0, str(done)
        return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(n)]

    return run


@pytest.mark.parametrize(("n", "reduction"), RUNS)
class TestEveryProcess:
    def test_says_the_same(self, results: Any, n: int, reduction: str) -> None:
        first, *others = results(n, reduction)
        assert all(other == first for other in others)

    @pytest.mark.parametrize("case", ["raise", "raise, reproducible"])
    def test_raises_for_a_nan_of_one(self, results: Any, n: int, reduction: str, case: str) -> None:
        text = results(n, reduction)[0][case]
        rank = 1 if "reproducible" in case else n - 1  # which has the row in its micro-shards
        assert text.startswith(f"FloatingPointError: fit: on rank {rank} of {n} the loss is nan and the gradient of")
        assert "epoch 1, step 2, so that step was not made" in text and "first in row 11" in text

    def test_names_the_layer_of_a_gradient(self, results: Any, n: int, reduction: str) -> None:
        text = results(n, reduction)[0]["gradient only"]
        assert f"on rank {n - 1} of {n} the gradient of near/" in text and "the loss is" not in text

    @pytest.mark.parametrize("case", ["skip", "skip, reproducible"])
    def test_skips_the_step_and_nothing_of_it_remains(self, results: Any, n: int, reduction: str, case: str) -> None:
        assert results(n, reduction)[0][case] == {"steps": 3, "finite": True, "same": True}

    def test_stops_before_the_step(self, results: Any, n: int, reduction: str) -> None:
        assert results(n, reduction)[0]["stop"] == {"steps": 1, "finite": True}

    def test_finds_statistics_that_differ(self, results: Any, n: int, reduction: str) -> None:
        text = results(n, reduction)[0]["statistics"]
        assert "DesyncError: Ranks differ after step 3 in" in text and "norm/moving_mean" in text
        assert f"rank {n - 1} has" in text or n == 2

    def test_finds_a_learning_rate_that_differs(self, results: Any, n: int, reduction: str) -> None:
        text = results(n, reduction)[0]["rate"]
        assert "Ranks differ after step 3" in text
        assert "learning rate of the optimizer" in text or reduction == "allreduce"

    def test_finds_a_process_that_is_a_step_ahead(self, results: Any, n: int, reduction: str) -> None:
        assert "DesyncError: Ranks are not at the same step" in results(n, reduction)[0]["step"]

    def test_finds_weights_that_differ_by_a_bit(self, results: Any, n: int, reduction: str) -> None:
        text = results(n, reduction)[0]["weights"]
        if reduction == "shared":  # there is one copy of them, so they cannot
            assert text is None
        else:
            assert "Ranks differ after step 6 in" in text and "near/kernel" in text
