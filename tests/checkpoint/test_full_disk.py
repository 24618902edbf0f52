"""Disks that are full, limited or read-only: an error, the last good file, no temporary, and a process that lives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dtrain.checkpoint import CheckpointError, CheckpointStore, newest_good

LIMITED = """
import resource, sys
import numpy as np
from dtrain.checkpoint import CheckpointError, CheckpointStore, TrainingState

def state(step, size):
    return TrainingState(weights={"w": np.full(size, 1.0)}, step=step, epoch=0, epoch_step=step, seed=0)

with CheckpointStore(sys.argv[1]) as store:
    store.save(state(1, 100))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        store.save(state(2, 100_000))
    except CheckpointError as error:
        print(error)
    store.save(state(3, 100))
print("alive")
"""


def test_a_limit_on_file_sizes_is_an_error_and_the_process_lives(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    error, alive = done.stdout.splitlines()
    assert error.startswith(f"Cannot write {tmp_path}/step-0000000002.h5: File too large (EFBIG). ")
    assert "ulimit -f" in error
    assert (alive, done.returncode, done.stderr) == ("alive", 0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-0000000001.h5", "step-0000000003.h5"]


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Mount something on `folder`, or skip the test where that is not allowed."""
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mount is not possible here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=256k", "none"):
        yield disk


def test_a_full_disk_is_an_error_and_the_last_good_file_stays(small_disk: Path, make_state: Any) -> None:
    with CheckpointStore(small_disk / "run") as store:
        first = store.save(make_state(1))
        with pytest.raises(CheckpointError, match=r"No space left on device \(ENOSPC\)\. Free space"):
            store.save(make_state(2, size=50_000))
        assert [path.name for path in store.folder.iterdir() if path.name != ".lock"] == [first.name]
        store.save(make_state(3))
    assert newest_good(small_disk / "run")[1].step == 3


def test_a_disk_filled_to_the_last_byte_still_gives_back_its_checkpoint(small_disk: Path, make_state: Any) -> None:
    with CheckpointStore(small_disk / "run") as store:
        store.save(make_state(1))
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1000))
    with CheckpointStore(small_disk / "run") as store, pytest.raises(CheckpointError, match="ENOSPC"):
        store.save(make_state(2))
    assert newest_good(small_disk / "run")[1].step == 1


def test_a_read_only_file_system_is_an_error_at_the_start_and_can_be_read(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        store.save(make_state(1))
    with mounted(tmp_path, "--bind", "-o", "ro", str(tmp_path)):
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this mount does not know read-only binds")
        with pytest.raises(CheckpointError, match=r"EROFS\)\. The file system is read-only"):
            CheckpointStore(tmp_path)
        assert newest_good(tmp_path)[1].step == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error_at_the_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match=r"EACCES\)\. Check the owner and the mode"):
        CheckpointStore(tmp_path)
    tmp_path.chmod(0o700)
