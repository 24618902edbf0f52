from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from dtrain.checkpoint.atomic import parse_temporary, write_atomically
from dtrain.checkpoint.errors import CheckpointError


def test_parts_are_written_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomically(path, b"one", memoryview(b"-two-")[1:4], b"")
    assert path.read_bytes() == b"onetwo"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_reach_the_disk_before_the_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        calls.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def record_replace(*paths: str) -> None:
        calls.append("rename")
        replace(*paths)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    write_atomically(tmp_path / "a", b"x")
    assert calls == ["file", "rename", "folder"]


def test_many_threads_writing_one_file_leave_one_of_theirs_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = [bytes([index]) * 200_000 for index in range(8)]
    threads = [threading.Thread(target=write_atomically, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_place_of_the_temporary_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setattr("dtrain.checkpoint.atomic._serial", iter([0]))
    monkeypatch.setattr("socket.gethostname", lambda: "host")
    (tmp_path / f"a.tmp.host.{os.getpid()}.0").symlink_to(victim)
    with pytest.raises(CheckpointError, match="ELOOP"):
        write_atomically(tmp_path / "a", b"x")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("step-1.h5.tmp.node-1.cluster.org.123.0", ("step-1.h5", "node-1.cluster.org", 123)),
        ("a.tmp.host.1.2", ("a", "host", 1)),
        ("a.tmp", None),
        ("a.tmp.1", None),
        ("step-1.h5", None),
    ],
)
def test_a_temporary_tells_its_file_its_host_and_its_process(name: str, expected: tuple[str, str, int] | None) -> None:
    assert parse_temporary(name) == expected
