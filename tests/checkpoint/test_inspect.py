from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dtrain.checkpoint import CheckpointError, CheckpointStore, DamagedError
from dtrain.checkpoint.inspect import Entry, describe

SCRIPT = Path(__file__).parents[2] / "scripts" / "inspect_checkpoint.py"


@pytest.fixture
def checkpoint(tmp_path: Path, make_state: Any) -> Path:
    with CheckpointStore(tmp_path) as store:
        path: Path = store.save(make_state(7), 0.25)
    return path


def change_an_array(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["weights/dense/bias"][0] = 5.0


def run_script(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_checkpoint_is_described_with_arrays_digests_and_texts(checkpoint: Path) -> None:
    found = describe(checkpoint)
    assert (found.sealed, found.problem, found.missing) == (True, None, [])
    assert found.file_bytes == checkpoint.stat().st_size
    assert json.loads(found.label) == {"step": 7, "metric": 0.25}
    assert json.loads(found.texts["progress"])["dataset_length"] == 60_001
    assert Entry("weights/dense/kernel", (100, 3), "float32", True) in found.entries
    assert Entry("optimizer/scalars/iterations", (), "int64", True) in found.entries
    assert all(entry.digest_ok for entry in found.entries)
    assert [entry.path for entry in found.entries] == sorted(entry.path for entry in found.entries)


def test_a_changed_array_is_named_only_when_forced(checkpoint: Path) -> None:
    change_an_array(checkpoint)
    with pytest.raises(DamagedError, match="SHA-256 differs"):
        describe(checkpoint)
    found = describe(checkpoint, force=True)
    assert not found.sealed
    assert "SHA-256 differs" in str(found.problem)
    assert [entry.path for entry in found.entries if not entry.digest_ok] == ["weights/dense/bias"]


def test_a_removed_array_is_listed_as_missing(checkpoint: Path) -> None:
    with h5py.File(checkpoint, "r+") as file:
        del file["weights/dense"]
    assert describe(checkpoint, force=True).missing == ["weights/dense/kernel", "weights/dense/bias"]


def test_any_hdf5_file_is_described_without_digests_and_without_reading_values(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((4, 3), np.float32)
        file["layers/dense/vars"].attrs["name"] = "dense"
        file.create_dataset("huge", (1 << 45,), "f8")
        file["text"] = "variable"
        file["nothing"] = h5py.Empty("f4")
    found = describe(path)
    assert (found.sealed, found.problem, found.texts, found.label) == (False, None, {}, "")
    assert [(e.path, e.shape, e.dtype, e.digest_ok) for e in found.entries] == [
        ("huge", (1 << 45,), "float64", None),
        ("layers/dense/vars/0", (4, 3), "float32", None),
        ("nothing", (), "float32", None),
        ("text", (), "object", None),
    ]


def test_what_is_no_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not HDF5")
    with pytest.raises(DamagedError, match=r"notes\.txt is damaged or no HDF5 file"):
        describe(path)
    with pytest.raises(CheckpointError, match="ENOENT"):
        describe(tmp_path / "gone")


def test_the_script_shows_a_whole_file_and_ends_with_0(checkpoint: Path) -> None:
    done = run_script(checkpoint, "--texts")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["weights/dense/kernel", "100", "×", "3", "float32", "ok"] in lines
    assert ["seal", "whole"] in lines
    assert '"class_name": "Sequential",' in done.stdout


def test_the_script_names_damage_and_ends_with_1(checkpoint: Path) -> None:
    change_an_array(checkpoint)
    done = run_script(checkpoint)
    assert (done.returncode, done.stdout) == (1, "")
    assert "SHA-256 differs" in done.stderr
    done = run_script(checkpoint, "--force")
    assert done.returncode == 1
    assert ["weights/dense/bias", "3", "float32", "DAMAGED"] in [line.split() for line in done.stdout.splitlines()]


def test_the_script_prints_no_control_characters_of_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["\x1b[2Jclear[bold]"] = 1.0
    done = run_script(path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "?[2Jclear[bold]" in done.stdout
