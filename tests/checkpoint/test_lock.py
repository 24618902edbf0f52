from __future__ import annotations

import errno
import fcntl
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dtrain.checkpoint.errors import CheckpointError, CheckpointWarning
from dtrain.checkpoint.lock import FolderLock

HOLDER = """
import sys, time
from pathlib import Path
from dtrain.checkpoint.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_job_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    process = start_holder(tmp_path)
    try:
        with pytest.raises(CheckpointError, match=rf"being written by another job: pid {process.pid} on \S+\. Wait"):
            FolderLock(tmp_path)
    finally:
        process.communicate(timeout=30)
    FolderLock(tmp_path).release()


def test_the_lock_of_a_killed_job_is_free_at_once(tmp_path: Path) -> None:
    process = start_holder(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    lock = FolderLock(tmp_path)
    assert lock.exclusive
    lock.release()


def test_a_second_writer_of_the_same_process_is_refused_by_any_path(tmp_path: Path) -> None:
    folder, link = tmp_path / "run", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    lock = FolderLock(folder)
    with pytest.raises(CheckpointError, match="already being written by this process"):
        FolderLock(link)
    lock.release()
    FolderLock(link).release()


def test_released_twice_or_forgotten_the_lock_is_free_and_leaves_no_file(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.release()
    lock.release()
    assert not lock.held
    forgotten = FolderLock(tmp_path)
    assert forgotten.held
    del forgotten
    gc.collect()
    FolderLock(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


def test_a_forked_child_does_not_drop_the_lock_of_its_parent(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    pid = os.fork()
    if pid == 0:
        lock.release()
        os._exit(0)
    os.waitpid(pid, 0)
    assert (tmp_path / ".lock").exists()
    with pytest.raises(CheckpointError):
        FolderLock(tmp_path)
    lock.release()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_in_the_file_system_the_work_goes_on_with_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def lockf(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "lockf", lockf)
    with pytest.warns(CheckpointWarning, match="a file system without locks"):
        lock = FolderLock(tmp_path)
    assert not lock.exclusive
    lock.release()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Cannot open .*/gone: .*ENOENT"):
        FolderLock(tmp_path / "gone")
