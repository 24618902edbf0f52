"""The number of processes changes nothing: history, weights, optimizer state and predictions of 1, 2, 3, 4, 6 agree."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mpi.launcher import ROOT, Run, mpirun, needs_mpirun, serial

pytestmark = needs_mpirun

SCRIPT = ROOT / "tests" / "mpi" / "scripts_exactness.py"
MODELS = (
    "mlp", "cnn", "residual", "two_outputs", "words", "few_rows", "by_hand", "over_rows", "own_step", "adversary",
    "two_views", "penalized", "windows",
)  # fmt: skip
SIZES = (2, 3, 4, 6)

# Sums over rows are taken in another order, so single entries that nearly cancel differ by more than the rounding of
# the whole array: what is compared is the distance of two arrays, in relation to the length of the array.
TOLERANCE = 1e-5

Results = dict[str, Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Gives, for a number of processes, what each of them wrote."""

    @cache
    def run(n: int) -> Run:
        return serial(SCRIPT, str(folder(n))) if n == 1 else mpirun(n, SCRIPT, str(folder(n)), timeout_s=100)

    @cache
    def folder(n: int) -> Path:
        return tmp_path_factory.mktemp(f"on-{n}")

    @cache
    def read(n: int) -> list[Results]:
        assert run(n).rc == 0, str(run(n))
        return [_read(folder(n) / f"{rank}.npz") for rank in range(n)]

    return read


def _read(path: Path) -> Results:
    with np.load(path) as file:
        return {name.replace("|", "/"): file[name] for name in file.files}


def distance(found: Any, expected: Any) -> float:
    length = float(np.linalg.norm(expected.astype(np.float64)))
    return float(np.linalg.norm(found.astype(np.float64) - expected)) / max(length, 1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n", SIZES)
def test_any_number_of_processes_gives_the_same_numbers(results: Any, n: int, model: str) -> None:
    [expected], found = results(1), results(n)[0]
    names = [name for name in expected if name.startswith(f"{model}/")]
    assert names
    assert [name for name in found if name.startswith(f"{model}/")] == names
    assert all(found[name].shape == expected[name].shape for name in names)
    distances = {name: distance(found[name], expected[name]) for name in names}
    assert {name: d for name, d in distances.items() if not d <= TOLERANCE} == {}


@pytest.mark.parametrize("n", SIZES)
def test_all_processes_hold_the_same_bits(results: Any, n: int) -> None:
    first, *others = results(n)
    for other in others:
        different = [name for name in first if not np.array_equal(first[name], other[name], equal_nan=True)]
        assert different == []


def test_curves_and_counts_are_exact(results: Any) -> None:
    [expected] = results(1)
    for n in SIZES:
        found = results(n)[0]
        for name in ("mlp/history/accuracy", "mlp/history/val_accuracy", "words/history/main_accuracy"):
            np.testing.assert_array_equal(found[name], expected[name])


def test_training_did_change_the_weights_and_lower_the_loss(results: Any) -> None:
    [found] = results(1)
    for model in ("residual", "two_outputs", "words", "by_hand"):
        losses = found[f"{model}/history/loss"]
        assert losses[-1] < losses[0]
