"""Numbers in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dtrain.distributed.words import numbered


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([3], "rank 3"),
        ([2, 0], "ranks 0 and 2"),
        ([0, 2, 3, 9], "ranks 0, 2, 3 and 9"),
        (range(8), "ranks 0-7"),
        ([0, 1, 2, 3, 40], "5 ranks of 0-40"),
    ],
)
def test_few_are_named_and_many_are_a_range(numbers: Sequence[int], text: str) -> None:
    assert numbered("rank", numbers) == text
