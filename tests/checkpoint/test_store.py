from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain.checkpoint import (
    CheckpointError,
    CheckpointStore,
    CheckpointWarning,
    NewerFormatError,
    Rotation,
    list_checkpoints,
    load,
    newest_good,
)
from dtrain.checkpoint.image import encode

DEAD_PID = 2**22 + 1  # above the largest that Linux gives


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_what_is_saved_is_found_again_from_a_nested_new_folder(tmp_path: Path, make_state: Any) -> None:
    folder = tmp_path / "runs" / "x"
    with CheckpointStore(folder) as store:
        path = store.save(make_state(12))
    assert path == folder / "step-0000000012.h5"
    assert names(folder) == [path.name]
    found, state = newest_good(folder)
    assert (found, state.step) == (path, 12)
    np.testing.assert_array_equal(state.weights["dense/kernel"], make_state(12).weights["dense/kernel"])


def test_steps_sort_by_number_not_by_text(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        for step in (99, 10**10 + 5, 10**11):
            store.save(make_state(step))
    assert newest_good(tmp_path)[1].step == 10**11
    assert len(list_checkpoints(tmp_path)) == 3


def test_old_ones_go_the_last_and_the_best_stay(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path, Rotation(keep_last=2, keep_best=1)) as store:
        for step, metric in [(1, 0.5), (2, 0.1), (3, 0.3), (4, None), (5, float("nan"))]:
            store.save(make_state(step), metric)
    with CheckpointStore(tmp_path, Rotation(keep_last=1, keep_best=1)) as again:
        again.save(make_state(6), np.float32(0.4))
    assert [load(path).step for path in list_checkpoints(tmp_path)] == [2, 6]


def test_saving_a_step_again_replaces_its_file(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        store.save(make_state(1, size=10))
        store.save(make_state(1, size=20))
    assert load(tmp_path / "step-0000000001.h5").weights["dense/kernel"].shape == (20, 3)


def test_damaged_ones_are_passed_over_with_each_reason(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path, Rotation(keep_last=9)) as store:
        paths = [store.save(make_state(step)) for step in (1, 2, 3, 4)]
    paths[3].write_bytes(paths[3].read_bytes()[:1000])
    damage(paths[2])
    with pytest.warns(CheckpointWarning) as caught:
        path, state = newest_good(tmp_path)
    assert (path, state.step) == (paths[1], 2)
    (text,) = [str(warning.message) for warning in caught]
    assert text.startswith(f"Going back to {paths[1]}:\n")
    assert f"{paths[3]} is damaged: it has 1,000 bytes, expected" in text
    assert f"{paths[2]} is damaged: its bytes have changed" in text


def test_when_none_is_good_every_reason_is_given(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        paths = [store.save(make_state(step)) for step in (1, 2)]
    damage(paths[0])
    paths[1].write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"None of the 2 .*\n.*file is empty\n.*SHA-256"):
        newest_good(tmp_path)


def test_an_empty_or_missing_folder_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no checkpoints \(step-\*\.h5\)\. Check the path"):
        newest_good(tmp_path)
    with pytest.raises(CheckpointError, match=r"Cannot read the folder .*/gone: .*ENOENT"):
        newest_good(tmp_path / "gone")


def test_a_sealed_file_that_is_no_training_state_is_passed_over(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        store.save(make_state(1))
    (tmp_path / "step-0000000002.h5").write_bytes(b"".join(encode({"x": 1.0})))
    with pytest.warns(CheckpointWarning, match="holds no training state"):
        assert newest_good(tmp_path)[1].step == 1


def test_a_newer_format_stops_the_search_for_it_would_lose_steps(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        store.save(make_state(1))
        path = store.save(make_state(2))
    path.write_bytes(b"".join(encode({**make_state(2).to_arrays(), "format_version": 2})))
    with pytest.raises(NewerFormatError, match="format version 2"):
        newest_good(tmp_path)


def test_later_steps_of_an_abandoned_run_are_left_alone_with_one_warning(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        store.save(make_state(100))
    with CheckpointStore(tmp_path, Rotation(keep_last=1)) as store:
        with pytest.warns(CheckpointWarning, match=r"later steps than 10, such as step-0000000100\.h5"):
            store.save(make_state(10))
        store.save(make_state(20))
    assert [load(path).step for path in list_checkpoints(tmp_path)] == [20, 100]


def test_temporaries_of_dead_writers_are_removed_and_nothing_else(tmp_path: Path, make_state: Any) -> None:
    stale = [
        f"step-0000000003.h5.tmp.{host}.{pid}.0" for host in ("other", socket.gethostname()) for pid in (1, os.getpid())
    ]
    kept = ["notes.txt", "model.weights.h5.tmp.other.1.0", "step-3.h5.tmp", "history.csv"]
    for name in stale + kept:
        (tmp_path / name).write_text("x")
    with CheckpointStore(tmp_path) as store:
        store.save(make_state(1))
    assert names(tmp_path) == sorted([*kept, "step-0000000001.h5"])


def test_without_locks_only_temporaries_of_dead_processes_of_this_machine_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def lockf(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    host = socket.gethostname()
    dead, alive, elsewhere = f"{host}.{DEAD_PID}", f"{host}.{os.getppid()}", f"other.{DEAD_PID}"
    for writer in (dead, alive, elsewhere):
        (tmp_path / f"step-0000000003.h5.tmp.{writer}.0").write_text("x")
    monkeypatch.setattr(fcntl, "lockf", lockf)
    with pytest.warns(CheckpointWarning), CheckpointStore(tmp_path):
        left = names(tmp_path)
    assert [name for name in left if dead in name] == []
    assert len([name for name in left if alive in name or elsewhere in name]) == 2


def test_two_stores_of_one_folder_are_refused_until_the_first_is_closed(tmp_path: Path, make_state: Any) -> None:
    store = CheckpointStore(tmp_path)
    with pytest.raises(CheckpointError, match="already being written"):
        CheckpointStore(tmp_path)
    store.close()
    with pytest.raises(CheckpointError, match="is closed"):
        store.save(make_state(1))
    CheckpointStore(tmp_path).close()


def test_a_reader_sees_the_old_file_while_the_writer_replaces_it(tmp_path: Path, make_state: Any) -> None:
    with CheckpointStore(tmp_path) as store:
        path = store.save(make_state(1, size=10))
        with open(path, "rb") as reader:
            start = reader.read(100)
            store.save(make_state(1, size=5000))
            old = start + reader.read()
    assert old == b"".join(encode(make_state(1, size=10).to_arrays(), '{"step": 1, "metric": null}'))


def fail(code: int) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return call


@pytest.mark.parametrize("function", ["write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ESTALE])
def test_a_failure_anywhere_names_path_cause_and_remedy_and_leaves_the_last_good_file(
    tmp_path: Path, make_state: Any, monkeypatch: pytest.MonkeyPatch, function: str, code: int
) -> None:
    with CheckpointStore(tmp_path) as store:
        first = store.save(make_state(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, function, fail(code))
            with pytest.raises(CheckpointError) as caught:
                store.save(make_state(2))
        assert names(tmp_path) == [".lock", first.name]
        assert newest_good(tmp_path)[1].step == 1
        store.save(make_state(3))
    text = str(caught.value)
    assert text.startswith(
        f"Cannot write {tmp_path}/step-0000000002.h5: {os.strerror(code)} ({errno.errorcode[code]}). "
    )
    assert len(text.split("). ")[1]) > 20


def test_an_interrupt_in_the_middle_leaves_no_temporary(
    tmp_path: Path, make_state: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with CheckpointStore(tmp_path) as store:
        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.save(make_state(1))
    assert names(tmp_path) == []


def test_short_writes_are_continued(tmp_path: Path, make_state: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1000]))
    with CheckpointStore(tmp_path) as store:
        path = store.save(make_state(1))
    assert load(path).step == 1


def test_a_folder_removed_in_the_middle_of_a_run_is_an_error_with_its_path(tmp_path: Path, make_state: Any) -> None:
    folder = tmp_path / "run"
    with CheckpointStore(folder) as store:
        shutil.rmtree(folder)
        with pytest.raises(
            CheckpointError, match=r"Cannot write .*/run/step-0000000001\.h5: .*ENOENT.*another job removed"
        ):
            store.save(make_state(1))


def test_a_file_in_place_of_the_folder_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(CheckpointError, match=r"Cannot make the folder .*/run: File exists"):
        CheckpointStore(tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"Cannot make the folder .*/run/x: .*ENOTDIR"):
        CheckpointStore(tmp_path / "run" / "x")


def test_a_folder_in_place_of_the_file_is_an_error_and_leaves_no_temporary(tmp_path: Path, make_state: Any) -> None:
    (tmp_path / "step-0000000001.h5").mkdir()
    with CheckpointStore(tmp_path) as store, pytest.raises(CheckpointError, match="EISDIR"):
        store.save(make_state(1))
    assert names(tmp_path) == ["step-0000000001.h5"]


def test_an_old_file_that_cannot_be_removed_is_a_warning_not_a_failure(
    tmp_path: Path, make_state: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CheckpointStore(tmp_path, Rotation(keep_last=1)) as store:
        store.save(make_state(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", fail(errno.EPERM))
            with pytest.warns(CheckpointWarning, match=r"Cannot remove .*step-0000000001\.h5.*EPERM"):
                path = store.save(make_state(2))
        assert load(path).step == 2


def test_a_symbolic_link_to_the_folder_and_to_a_file_lead_to_what_they_name(tmp_path: Path, make_state: Any) -> None:
    folder, link = tmp_path / "real", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    (folder / "step-0000000001.h5").symlink_to(tmp_path / "elsewhere.h5")
    with CheckpointStore(link) as store:
        store.save(make_state(1))
    assert (folder / "step-0000000001.h5").is_symlink()
    assert load(tmp_path / "elsewhere.h5").step == 1
    assert newest_good(link)[1].step == 1
