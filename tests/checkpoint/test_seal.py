from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dtrain.checkpoint.digests import digest
from dtrain.checkpoint.errors import DamagedError, NewerFormatError
from dtrain.checkpoint.image import decode, encode, read
from dtrain.checkpoint.seal import SEAL_BYTES, read_label
from tests.checkpoint.forging import sealed_anew

PAGE = 4096


@pytest.fixture(scope="module")
def whole() -> bytes:
    rng = np.random.Generator(np.random.Philox(3))
    contents = {f"weights/layer_{i}/kernel": rng.standard_normal((50, 20)) for i in range(5)}
    return b"".join(encode({**contents, "progress": '{"step": 3}'}, '{"step": 3}'))


def refused(data: bytes) -> bool:
    try:
        decode(data)
    except DamagedError:
        return True
    return False


def test_truncation_at_any_length_is_detected(whole: bytes) -> None:
    fractions = {int(len(whole) * f) for f in (0.01, 0.1, 0.5, 0.9, 0.999)}
    lengths = {0, 1, 7, 8, 9, 39, 40, 55, 56, 511, 512, 513, 520, len(whole) - 1} | fractions
    lengths |= set(range(0, len(whole), 997))
    assert not refused(whole)
    assert [n for n in sorted(lengths) if not refused(whole[:n])] == []


def test_every_flip_of_a_bit_or_byte_is_detected(whole: bytes) -> None:
    rng = np.random.Generator(np.random.Philox(4))
    places = [*range(64), *rng.integers(0, len(whole), 600).tolist()]
    missed = []
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= int(1 << rng.integers(8)) if place % 2 else int(rng.integers(1, 256))
        if not refused(bytes(damaged)):
            missed.append(place)
    assert missed == []


def test_zeroed_pages_and_sectors_are_detected(whole: bytes) -> None:
    missed = []
    for size in (512, PAGE):
        for start in range(0, len(whole), size):
            damaged = whole[:start] + bytes(len(whole[start : start + size])) + whole[start + size :]
            if damaged != whole and not refused(damaged):
                missed.append((size, start))
    assert missed == []


def test_bytes_added_doubled_or_swapped_are_detected(whole: bytes) -> None:
    assert refused(whole + b"\0")
    assert refused(whole + whole)
    assert refused(whole[:SEAL_BYTES] + whole)
    assert refused(whole[:600] + whole[700:800] + whole[600:700] + whole[800:])


def test_libhdf5_sees_no_bytes_of_a_checkpoint(whole: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("opened")

    monkeypatch.setattr(h5py.h5f, "open_file_image", fail)
    monkeypatch.setattr(subprocess, "Popen", fail)
    assert len(decode(whole)) == 6
    with pytest.raises(DamagedError, match="SHA-256 differs"):
        decode(whole[:-1] + bytes([whole[-1] ^ 1]))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "the file is empty"),
        (bytes(5000), "begins with zeros"),
        (b"PK\x03\x04 a zip file", "begins with b'PK"),
        (b"\x80\x04\x95 a pickle", "no dtrain checkpoint"),
        (b"DTRAINCK", "truncated: it ends within its first 512 bytes"),
    ],
)
def test_what_is_no_checkpoint_is_refused_by_kind(tmp_path: Path, data: bytes, complaint: str) -> None:
    path = tmp_path / "step-1.h5"
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=complaint) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_an_hdf5_file_of_another_program_is_refused_with_the_way_to_read_it(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    with pytest.raises(DamagedError, match=r"HDF5 file of another program .*load_weights"):
        read(path)


def test_a_truncated_file_is_told_from_an_altered_one(whole: bytes) -> None:
    with pytest.raises(DamagedError, match=f"has {len(whole) - 5:,} bytes, expected {len(whole):,}"):
        decode(whole[:-5])


def test_a_whole_file_with_a_newer_seal_is_not_called_damaged(whole: bytes) -> None:
    newer = sealed_anew(whole[:40] + struct.pack("<I", 3) + whole[44:])
    with pytest.raises(NewerFormatError, match=r"seal of version 3.*up to 2.*Update dtrain"):
        decode(newer)
    with pytest.raises(DamagedError, match="SHA-256 differs"):
        decode(newer[:90] + b"?" + newer[91:])


def test_a_file_of_version_1_is_read_in_another_process(make_state: Any, tmp_path: Path) -> None:
    """Its digest covers the whole file, and libhdf5 has written it."""
    data = gzip.decompress((Path(__file__).parent / "files" / "version_1.h5.gz").read_bytes())
    expected = make_state(7, size=20).to_arrays()
    for found in (decode(data), decode(data, sealed=False)):
        assert list(found) == list(expected)
        assert {path: digest(value) for path, value in found.items()} == {p: digest(v) for p, v in expected.items()}
    assert read_label(data[:SEAL_BYTES]) == '{"step": 7, "metric": 0.25}'
    assert all(refused(data[:n]) for n in (511, 513, len(data) - 1))
    assert all(refused(data[:n] + bytes([data[n] ^ 4]) + data[n + 1 :]) for n in (9, 41, 50, 60, 5000, len(data) - 1))


def test_a_file_of_version_1_is_read_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    data = gzip.decompress((Path(__file__).parent / "files" / "version_1.h5.gz").read_bytes())
    assert json.loads(str(decode(data)["progress"]))["step"] == 7


def test_a_changed_value_is_named(whole: bytes) -> None:
    with pytest.raises(DamagedError, match=r"'progress' has changed \(SHA-256 differs\)"):
        decode(whole[:SEAL_BYTES] + whole[SEAL_BYTES:].replace(b'{"step": 3}', b'{"step": 4}'))
