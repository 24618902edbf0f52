"""Data that each process has loaded for itself are compared before their numbers are mixed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from dtrain.distributed import DesyncError
from dtrain.training.data import ArraySource
from dtrain.training.identity import compare_data
from tests.distributed.group import ThreadCommunicator, run_ranks

RANKS = 3
X = np.random.default_rng(0).normal(size=(1000, 7)).astype(np.float32)
Y = np.arange(1000)


def compared(**of_rank_1: Any) -> list[str]:
    def body(ranks: ThreadCommunicator) -> str:
        data = {"x": X, "y": Y} | (of_rank_1 if ranks.rank == 1 else {})
        source = ArraySource((data["x"], data["y"], None), 10, True, 0, ranks.rank, ranks.size)
        try:
            compare_data(ranks, training_data=source, validation_data=None)
        except DesyncError as error:
            return str(error)
        return ""

    return run_ranks(RANKS, body)


def test_the_same_data_pass() -> None:
    assert compared(x=X.copy()) == [""] * RANKS


@pytest.mark.parametrize(("name", "other"), [("x", X[::-1]), ("y", Y + 1), ("x", X + 1)])
def test_other_data_on_one_rank_are_named_on_all(name: str, other: Any) -> None:
    messages = compared(**{name: other})
    assert len(set(messages)) == 1
    assert re.match(
        rf"Ranks differ in array 0 of {name} of the training data: rank 1 has .*, ranks 0, 2 have", messages[0]
    )


def test_of_large_arrays_a_few_rows_are_read() -> None:
    class Counting(np.ndarray[Any, Any]):
        read = 0

        def __getitem__(self, key: Any) -> Any:
            Counting.read += np.size(key)
            return np.asarray(self)[key]

    large = np.zeros((100_000, 50), np.float32).view(Counting)

    def body(ranks: ThreadCommunicator) -> None:
        source = ArraySource((large, None, None), 10, False, 0, ranks.rank, ranks.size)
        Counting.read = 0
        ranks.Barrier()
        compare_data(ranks, data=source)

    run_ranks(2, body)
    assert 0 < Counting.read <= 2 * 64
