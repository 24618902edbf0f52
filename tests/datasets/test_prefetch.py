"""Items come as from the iterator itself, a few of them made ahead, and nothing is left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from dtrain.datasets.prefetch import prefetched


def threads() -> int:
    return sum(thread.name == "dtrain-prefetch" for thread in threading.enumerate())


@pytest.mark.parametrize("count", [0, 1, 7])
def test_all_items_come_in_order(count: int) -> None:
    assert list(prefetched(range(count))) == list(range(count))
    assert threads() == 0


def test_an_error_comes_in_the_place_of_its_item() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    ahead = prefetched(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(ahead)
    assert threads() == 0


def test_only_a_few_are_made_ahead_and_the_rest_not_at_all() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    ahead = prefetched(items(), depth=2)
    assert next(ahead) == 0
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    ahead.close()  # type: ignore[attr-defined]
    assert 4 <= len(made) <= 5 and threads() == 0
