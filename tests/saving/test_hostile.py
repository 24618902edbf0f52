"""Files made to do harm are refused, with a reason."""

from __future__ import annotations

import json
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import dtrain
from dtrain.checkpoint.errors import DamagedError
from dtrain.saving import load_model
from dtrain.saving.hdf5 import read_hdf5
from tests.saving import builders


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    builders.mlp(dtrain).save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def add_member(path: Path, entry: Any, data: bytes) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as file:
        warnings.simplefilter("ignore")  # of duplicate names
        file.writestr(entry, data)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "assets/../../outside", "C:/outside", "a\\..\\b"])
def test_members_outside_of_the_archive(archive: Path, name: str) -> None:
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = name
    add_member(archive, entry, b"x")
    with pytest.raises(DamagedError, match="would lie outside of the archive"):
        load_model(archive)


def test_links_in_an_archive(archive: Path) -> None:
    entry = zipfile.ZipInfo("assets/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    add_member(archive, entry, b"/etc/passwd")
    with pytest.raises(DamagedError, match="is a link"):
        load_model(archive)


def test_members_that_unpack_to_far_more_than_they_store(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assets/zeros", bytes(200 << 20))
    with pytest.raises(DamagedError, match="declare"):
        load_model(archive)


def test_two_members_of_one_name(archive: Path) -> None:
    add_member(archive, "config.json", b"{}")
    with pytest.raises(DamagedError, match="two of its members have one name"):
        load_model(archive)


def test_pickled_weights(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(tmp_path / "npz.keras", "w") as new:
        new.writestr("config.json", old.read("config.json"))
        new.writestr("model.weights.npz", b"x")
    with pytest.raises(DamagedError, match="Python pickles"):
        load_model(tmp_path / "npz.keras")


def test_a_damaged_archive(archive: Path) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    with pytest.raises(DamagedError, match=r"m\.keras is damaged"):
        load_model(archive)


def test_a_changed_byte_in_an_archive(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        entry = file.getinfo("model.weights.h5")
    data[entry.header_offset + 200] ^= 1
    archive.write_bytes(data)
    with pytest.raises(DamagedError, match="CRC"):
        load_model(archive)


def write_hdf5(path: Path, fill: Any) -> Path:
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def link_to_another_file(file: Any) -> None:
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/other.h5", "x")


def soft_link(file: Any) -> None:
    file["layers/dense/vars/0"] = h5py.SoftLink("/elsewhere")


def external_data(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (4, 5), "f4", external=[("/etc/passwd", 0, 80)])


def virtual_data(file: Any) -> None:
    layout = h5py.VirtualLayout((4, 5), "f4")
    layout[...] = h5py.VirtualSource("/etc/other.h5", "x", (4, 5))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def sparse_data(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (1 << 40,), "f4", chunks=(1 << 20,))


@pytest.mark.parametrize("fill", [link_to_another_file, soft_link, external_data, virtual_data, sparse_data])
def test_hdf5_that_points_elsewhere_or_is_larger_than_its_file(fill: Any, tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.weights.h5", fill)
    with pytest.raises(DamagedError, match="is refused"):
        builders.mlp(dtrain).load_weights(path)


def test_compressed_weights_are_read(tmp_path: Path) -> None:
    model = builders.mlp(dtrain)
    model.save_weights(tmp_path / "m.weights.h5")
    content = read_hdf5(tmp_path / "m.weights.h5", "m")
    with h5py.File(tmp_path / "c.weights.h5", "w") as file:
        for path, array in content.arrays.items():
            file.create_dataset(path, data=array, compression="gzip")
    before = model.get_weights()
    model.load_weights(tmp_path / "c.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["../other.weights.h5", "/etc/passwd", "", ".."])
def test_a_list_of_shards_that_names_files_elsewhere(name: str, tmp_path: Path) -> None:
    listing = {"metadata": {}, "weight_map": {"/layers/dense/vars": [name]}}
    (tmp_path / "m.weights.json").write_text(json.dumps(listing))
    with pytest.raises(DamagedError, match="not a file beside it"):
        builders.mlp(dtrain).load_weights(tmp_path / "m.weights.json")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_python_code_in_a_file_needs_trust(ending: str, tmp_path: Path) -> None:
    activation = dtrain.layers.Activation(lambda x: x * 3.0)
    model = dtrain.Sequential([dtrain.Input((2,)), activation])
    with pytest.warns(UserWarning, match="lambda"):
        model.save(tmp_path / f"m{ending}")
    with pytest.raises(ValueError, match="safe_mode=False"):
        load_model(tmp_path / f"m{ending}")
    x = np.ones((1, 2), "float32")
    assert np.array_equal(load_model(tmp_path / f"m{ending}", safe_mode=False).predict(x, verbose=0), 3 * x)


def test_a_configuration_never_imports_what_it_names(archive: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1] |= {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}}
    with zipfile.ZipFile(archive, "w") as file:
        for name, data in members.items():
            file.writestr(name, json.dumps(config) if name == "config.json" else data)
    with pytest.raises(TypeError, match="Unknown class 'Popen'"):
        load_model(archive)
