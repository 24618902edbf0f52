"""Gradient accumulation: the numbers of one process, with a sum only where weights change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.mpi.launcher import ROOT, mpirun, needs_mpirun, serial
from tests.mpi.scripts_accumulation import KINDS

pytestmark = needs_mpirun
SCRIPT = ROOT / "tests" / "mpi" / "scripts_accumulation.py"
RUNS = [(2, "shared"), (3, "shared"), (2, "allreduce")]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return results(tmp_path_factory.mktemp("one"), 1, "auto")[0]


@pytest.fixture(scope="module", params=RUNS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return results(tmp_path_factory.mktemp("many"), *request.param)


def results(folder: Path, n: int, reduction: str) -> list[dict[str, Any]]:
    env = {"DTRAIN_REDUCTION": reduction}
    done = serial(SCRIPT, str(folder), env=env) if n == 1 else mpirun(n, SCRIPT, str(folder), env=env)
    assert done.rc == 0, str(done)
    return [dict(np.load(folder / f"{n}-{rank}.npz")) for rank in range(n)]


@pytest.mark.parametrize("kind", KINDS)
def test_weights_and_state_are_those_of_one_process(found: Any, expected: Any, kind: str) -> None:
    names = [name for name in expected if name.startswith(f"{kind}|")]
    assert len(names) > 10
    for name in names:
        np.testing.assert_allclose(found[0][name], expected[name], rtol=1e-4, atol=2e-6, err_msg=name)


def test_a_model_saved_within_a_round_has_all_gradients_of_it(found: Any, expected: Any) -> None:
    names = [name for name in expected if name.startswith("file|")]
    assert len(names) > 10
    for name in names:
        np.testing.assert_allclose(found[0][name], expected[name], rtol=1e-4, atol=2e-6, err_msg=name)


def test_all_processes_hold_the_same_bits(found: Any) -> None:
    for other in found[1:]:
        assert [name for name in found[0] if not np.array_equal(other[name], found[0][name])] == []


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_summed_once_a_round(found: Any, kind: str) -> None:
    # Epochs 2 to 4 have steps 6 to 20: five rounds end in them, and two epochs end within a round (steps 10 and 20,
    # of which the second comes after the last step) and are settled. Overwritten averages are weights that change.
    assert int(found[0][f"sums of {kind}"]) == (15 if kind == "overwritten" else 6)


def test_a_run_that_was_saved_within_a_round_goes_on_with_the_same_bits(found: Any, expected: Any) -> None:
    assert float(found[0]["resumed"]) == 0 == float(expected["resumed"])
