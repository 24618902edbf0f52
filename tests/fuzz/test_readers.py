"""Files that are damaged or made to do harm are read or refused by every reader, and do nothing else."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, case, outcome

# libhdf5 itself, which crashes on some of these, is fuzzed by scripts/fuzz.py in processes of its own.
QUICK = [name for name, target in TARGETS.items() if not target.in_library and not target.isolated]
CASES = 120
_SLOW = {"json": 60, "keras": 60, "legacy.h5": 40, "resumed.h5": 60}


@pytest.mark.parametrize("name", QUICK)
def test_changed_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of entries that are not known
        found = {
            outcome(TARGETS[name], case(TARGETS[name], number), tmp_path) for number in range(_SLOW.get(name, CASES))
        }
    assert "refused" in found <= {"read", "refused"}


@pytest.mark.parametrize(("name", "seed"), [("image", "6/2383"), ("resumed.h5", "6/32"), ("resumed.h5", "9/308")])
def test_files_on_which_a_reader_failed_once(name: str, seed: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcome(TARGETS[name], case(TARGETS[name], seed), tmp_path) in ("read", "refused")


@pytest.mark.parametrize("name", [name for name in QUICK if name != "weights.json"])
def test_good_files_are_read(name: str, tmp_path: Path) -> None:
    assert {outcome(TARGETS[name], data, tmp_path) for data in TARGETS[name].seeds()} == {"read"}


BYTES = ["idx", "idx.gz", "npz", "npy", "words", "pickle", "tar", "toml", "image", "checkpoint.h5", "weights.json"]


@pytest.mark.parametrize("name", BYTES)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(start=st.binary(max_size=40), cut=st.integers(0, 64))
def test_bytes_of_any_kind_are_read_or_refused(
    name: str, start: bytes, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes before the rest of a good file, whose own beginning is cut off."""
    good = TARGETS[name].seeds()[0]
    folder = tmp_path_factory.getbasetemp()
    assert outcome(TARGETS[name], start + good[cut:], folder) in ("read", "refused")
    assert outcome(TARGETS[name], start, folder) in ("read", "refused")
