"""Ranks that differ are named, with the field and both values, on every rank alike."""

from collections.abc import Callable

import numpy as np
import pytest

from dtrain.distributed.errors import DesyncError
from dtrain.distributed.guard import Value, array_digest, compare, compare_arrays, compare_samples
from dtrain.distributed.serial import SerialCommunicator
from tests.distributed.group import ThreadCommunicator, run_ranks


def messages(size: int, check: Callable[[ThreadCommunicator], None]) -> set[str]:
    """Return the error messages of all ranks; "" for a rank without an error."""

    def body(ranks: ThreadCommunicator) -> str:
        try:
            check(ranks)
        except DesyncError as error:
            return str(error)
        return ""

    return set(run_ranks(size, body))


def fields_of(special: int, field: str, value: Value) -> Callable[[ThreadCommunicator], None]:
    common: dict[str, Value] = {"seed": 7, "optimizer.learning_rate": 0.001, "plan": b"\x01\x02", "version": "1.0"}
    return lambda ranks: compare(ranks, common | {field: value} if ranks.rank == special else common)


def test_equal_fields_pass_in_any_order() -> None:
    def check(ranks: ThreadCommunicator) -> None:
        names = ["a", "b"] if ranks.rank else ["b", "a"]
        compare(ranks, {name: float("nan") for name in names})

    assert messages(3, check) == {""}


@pytest.mark.parametrize(
    ("special", "field", "value", "expected"),
    [
        (1, "seed", 8, "seed: rank 1 has 8, ranks 0, 2-3 have 7"),
        (0, "optimizer.learning_rate", 0.01, "optimizer.learning_rate: rank 0 has 0.01, ranks 1-3 have 0.001"),
        (3, "plan", b"\xff", "plan: rank 3 has ff, ranks 0-2 have 0102"),
        (2, "extra", 1, "extra: rank 2 has 1, ranks 0-1, 3 have nothing"),
        (2, "seed", 7.0, "seed: rank 2 has 7.0, ranks 0-1, 3 have 7"),
    ],
)
def test_a_difference_is_named_on_all_ranks(special: int, field: str, value: Value, expected: str) -> None:
    found = messages(4, fields_of(special, field, value))
    assert len(found) == 1
    assert expected in found.pop()


def test_in_a_tie_rank_0_is_right() -> None:
    assert "seed: rank 1 has 8, rank 0 has 7" in messages(2, fields_of(1, "seed", 8)).pop()


def test_a_rank_that_exchanges_something_else_is_named() -> None:
    def check(ranks: ThreadCommunicator) -> None:
        if ranks.rank < 2:
            compare(ranks, {"seed": 7})
        else:
            ranks.allgather("the program's own")
            ranks.allgather(2)

    told = messages(3, check) - {""}
    assert len(told) == 2 and all("while rank 2 exchanged something else" in text for text in told)


def test_many_differences_are_counted() -> None:
    found = messages(2, lambda ranks: compare(ranks, {f"field{i}": ranks.rank for i in range(9)}))
    assert "field0: " in (text := found.pop()) and "and 4 more" in text


def test_long_values_are_cut() -> None:
    assert len(messages(2, fields_of(1, "config", "x" * 10_000)).pop()) < 600


def weights(ranks: ThreadCommunicator) -> dict[str, np.ndarray]:
    flat = np.arange(10, dtype=np.float32)
    if ranks.rank == 2:
        flat[7] = np.nextafter(flat[7], 8)
    return {"dense/kernel": flat[:6].reshape(2, 3), "dense/bias": flat[6:8], "out/kernel": flat[8:]}


def test_one_changed_bit_names_array_rank_and_moment() -> None:
    found = messages(4, lambda ranks: compare_arrays(ranks, weights(ranks), "after step 120"))
    assert len(found) == 1
    text = found.pop()
    assert "after step 120 in 1 of 3 arrays, first in 'dense/bias': digest rank 2 has" in text
    assert "ranks 0-1, 3 have" in text


def test_equal_arrays_pass() -> None:
    assert messages(2, lambda ranks: compare_arrays(ranks, weights(ranks))) == {""}


def test_another_order_of_arrays_is_a_difference() -> None:
    def check(ranks: ThreadCommunicator) -> None:
        items = list(weights(ranks).items())
        compare_arrays(ranks, dict(items if ranks.rank else items[::-1]))

    assert "different orders" in messages(2, check).pop()


def test_one_process_has_nothing_to_compare() -> None:
    compare(SerialCommunicator(), {"a": 1})
    compare_arrays(SerialCommunicator(), {"a": np.zeros(3)})


@pytest.mark.parametrize(
    "other",
    [np.zeros(4, np.float64), np.zeros((2, 2), np.float32), np.zeros(5, np.float32), -np.zeros(4, np.float32)],
)
def test_digest_depends_on_dtype_shape_and_bits(other: np.ndarray) -> None:
    assert array_digest(np.zeros(4, np.float32)) != array_digest(other)


def test_digest_does_not_depend_on_layout_in_memory() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert array_digest(array.T) == array_digest(np.ascontiguousarray(array.T))
    assert array_digest(np.float32(1).reshape(())) == array_digest(np.ones((), np.float32))


def test_samples_that_differ_by_rounding_pass() -> None:
    numbers = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)

    def check(ranks: ThreadCommunicator) -> None:
        compare_samples(ranks, {"x": numbers * np.float32(1 + 1e-6 * ranks.rank), "y": np.arange(8)})

    assert messages(3, check) == {""}


@pytest.mark.parametrize("other", [np.arange(8) + 1, np.arange(8.0), np.arange(7)])
def test_samples_of_other_data_are_named_on_all_ranks(other: np.ndarray) -> None:
    def check(ranks: ThreadCommunicator) -> None:
        compare_samples(ranks, {"x": np.ones(3), "labels": other if ranks.rank == 1 else np.arange(8)})

    [message] = messages(3, check)
    assert message.startswith("Ranks differ in labels: rank 1 has ")
    assert "ranks 0, 2 have 0, 1, 2, 3, ..." in message
    assert "the whole data" in message


def test_one_rank_has_nobody_to_differ_from_in_samples() -> None:
    compare_samples(SerialCommunicator(), {"x": np.ones(3)})
