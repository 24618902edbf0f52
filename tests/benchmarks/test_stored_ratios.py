"""`scripts/bench.py --check` fails where a ratio has fallen by more than 15 %."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench.py"


@pytest.fixture(scope="module")
def bench() -> Any:
    spec = importlib.util.spec_from_file_location("bench", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_ratio_may_fall_by_fifteen_percent_and_no_more(bench: Any) -> None:
    assert bench.slower({"a": 1.71, "b": 9.0}, {"a": 2.0, "b": 3.0}) == []
    assert bench.slower({"a": 1.69}, {"a": 2.0}) == ["a: 1.69 x, stored 2.00 x"]


def test_measurements_without_a_stored_ratio_are_no_success(bench: Any) -> None:
    with pytest.raises(SystemExit, match="--write"):
        bench.slower({"a": 1.0}, {"b": 1.0})


def test_the_stored_ratios_are_of_measurements_that_the_script_makes(bench: Any) -> None:
    stored = json.loads(bench.STORED.read_text())
    kinds = {(name.split()[0], name.split()[1]) for name in stored}
    assert kinds <= {(task, model) for task in (*bench.TASKS, *bench.RUNS) for model in bench.MODELS}
    assert stored
