"""What libhdf5 does not survive is read by a process of its own: this one goes on, with a clear error."""

from __future__ import annotations

import gzip
import os
import resource
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import dtrain
from dtrain.checkpoint import isolation
from dtrain.checkpoint.errors import CheckpointError, DamagedError
from dtrain.saving import hdf5
from dtrain.saving.hdf5 import read_hdf5
from dtrain.saving.own_files import OwnFiles
from tests.saving import builders

FILES = Path(__file__).parents[1] / "fuzz" / "files"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A file of weights that this process has not written, as far as it knows."""
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.arange(20, dtype="f4").reshape(4, 5)
        file["layers/dense/vars/1"] = np.float64(3.5)
        file["empty/vars/0"] = np.zeros((0, 3), ">i2")
        file["layers/dense/vars"].attrs["name"] = "dense"
        file.attrs["layer_names"] = np.array(["a", "bü"], object)
    return path


def program(folder: Path, text: str) -> str:
    """A program that is started in place of Python."""
    path = folder / "reader"
    path.write_text(f"#!/bin/sh\nprintf 'dtrain\\n'\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def answer(header: str, sleep: bool = True) -> str:
    """A program that answers with this header alone."""
    return f"printf '\\{len(header):o}\\0\\0\\0\\0\\0\\0\\0{header}'" + "; sleep 100" * sleep


@pytest.mark.parametrize("as_bytes", [False, True])
def test_the_other_process_gives_what_this_one_would(foreign: Path, as_bytes: bool) -> None:
    source: Any = foreign.read_bytes() if as_bytes else str(foreign)
    found, expected = isolation.ask("dtrain.saving.isolated_reader", source, "m"), hdf5.read_directly(source, "m")
    assert found is not None and found.rest == expected.attributes
    assert found.rest[""]["layer_names"] == ["a", "bü"]
    assert list(found.arrays) == list(expected.arrays)
    for path, array in expected.arrays.items():
        assert found.arrays[path].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[path], array, strict=True)
    found.arrays["layers/dense/vars/0"][0, 0] = 7  # the arrays are one's own


@pytest.mark.parametrize("name", ["segfault", "endless"])
def test_files_that_libhdf5_does_not_survive(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by scripts/fuzz.py; newer versions of libhdf5 may refuse them by themselves."""
    monkeypatch.setattr(isolation, "_START_S", 1)
    path = tmp_path / "w.weights.h5"
    path.write_bytes(gzip.decompress((FILES / f"{name}.h5.gz").read_bytes()))
    model = builders.mlp(dtrain)
    before = model.get_weights()
    with pytest.raises(DamagedError, match=r"w\.weights\.h5 is damaged"):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kill -SEGV $$", r"m\.h5 is damaged.*libhdf5 crashes on it \(SIGSEGV"),
        ("kill -XCPU $$", r"m\.h5 is damaged.*takes more than \d+ s"),
        ("exit 3", r"m\.h5 is damaged.*status 3"),
        ("printf 'x'", r"m\.h5 is damaged"),
        (r"printf '\2\0\0\0\0\0\0\0{'", r"m\.h5 is damaged"),
        (answer("{}"), r"m\.h5 is damaged.*nonsense"),
        (
            answer('{"arrays":[["a","<f8",[9999999999,99999]]],"rest":{}}'),
            r"m\.h5 is refused: 'a' has the type float64",
        ),
        (answer('{"arrays":[["a","O",[1]]],"rest":{}}'), r"m\.h5 is refused: 'a' has the type object"),
        (answer('{"arrays":[["a","<f8",[3]]],"rest":{}}', sleep=False), r"m\.h5 is damaged"),
        (r"printf '\377\377\377\377\377\377\377\377'; sleep 100", r"m\.h5 is refused: its names and texts take"),
    ],
)
def test_an_answer_that_is_cut_off_or_wrong(
    text: str, message: str, foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program(tmp_path, text))
    with pytest.raises(DamagedError, match=message):
        read_hdf5(str(foreign), "m.h5")


def test_the_other_process_learns_nothing_of_the_environment(
    foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "hunter2")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    monkeypatch.setattr(sys, "executable", program(tmp_path, f"env > {tmp_path / 'seen'}"))
    with pytest.raises(DamagedError):
        read_hdf5(str(foreign), "m.h5")
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen and "hunter2" not in seen and "OMPI_" not in seen


def test_where_no_process_can_be_started_this_one_reads(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for executable in ("", "/nowhere/python", "/bin/false"):  # the last one ends before it could blame the file
        monkeypatch.setattr(sys, "executable", executable)
        assert len(read_hdf5(str(foreign), "m.h5").arrays) == 3


def test_files_of_this_process_need_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("a process is started")

    monkeypatch.setattr(subprocess, "Popen", fail)
    model = builders.mlp(dtrain)
    for name in ("m.keras", "m.h5", "m.weights.h5", "w.h5"):
        (model.save_weights if "w" in name else model.save)(tmp_path / name)
        model.load_weights(tmp_path / name)
    dtrain.models.load_model(tmp_path / "m.keras")
    data = bytearray((tmp_path / "m.weights.h5").read_bytes())
    data[-1] ^= 1
    (tmp_path / "m.weights.h5").write_bytes(data)
    with pytest.raises(AssertionError, match="a process is started"):
        model.load_weights(tmp_path / "m.weights.h5")


def test_only_the_last_files_are_remembered() -> None:
    own = OwnFiles()
    for number in range(300):
        own.remember(b"%d" % number)
    assert own.knows(b"299") and not own.knows(b"0") and not own.knows(b"x") and not own.knows("/nowhere")


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Cannot read .*none\.h5.*ENOENT"):
        read_hdf5(str(tmp_path / "none.h5"), "none")


def test_texts_that_all_refer_to_one_long_text(tmp_path: Path) -> None:
    """4000 references of 16 bytes to a text of 20 kB: 80 MB in a file of 0.1 MB."""
    path, count, length = tmp_path / "m.h5", 4000, 20_000
    with h5py.File(path, "w") as file:
        file.attrs.create(
            "layer_names", np.array(["x" * length] + ["y"] * (count - 1), object), dtype=h5py.string_dtype()
        )
    data = bytearray(path.read_bytes())
    first = data.find(struct.pack("<I", length))
    data[first : first + 16 * count] = bytes(data[first : first + 16]) * count
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DamagedError, match=r"m\.h5 is refused: its texts take far more|memory"):
        read_hdf5(str(path), str(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_nothing_is_left_open_or_running(foreign: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    read_hdf5(str(foreign), "m.h5")
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
