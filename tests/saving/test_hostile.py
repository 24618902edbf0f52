"""Files made to do harm are refused, with a reason."""

from __future__ import annotations

import base64
import copy
import json
import marshal
import random
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
from dtrain.saving.hdf5 import read_directly, read_hdf5
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


def rewritten(path: Path, change: Any) -> Path:
    """The archive with the configuration that `change` makes of its own."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    members["config.json"] = json.dumps(change(config) or config).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_members_that_share_their_bytes(archive: Path) -> None:
    """Each of them stores little enough for what it unpacks to; together they store the same bytes again and again."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assets/0", random.Random(1).randbytes(500_000) + bytes(5_000_000))
        first = file.infolist()[-1]
        for number in range(1, 30):
            again = copy.copy(first)
            again.filename = f"assets/{number}"
            file.filelist.append(again)
        file._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(DamagedError, match="declare|Overlapped|is damaged"):
        load_model(archive)


def test_encrypted_members_and_unknown_compressions(archive: Path) -> None:
    whole = archive.read_bytes()
    place = whole.rfind(b"PK\x01\x02")
    for offset, value in ((8, 1), (10, 99)):
        data = bytearray(whole)
        data[place + offset] |= value
        archive.write_bytes(data)
        with pytest.raises(DamagedError, match=r"m\.keras is damaged"):
            load_model(archive)


def test_a_member_without_a_name(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("a", b"x")
    data = archive.read_bytes()
    place = data.rfind(b"PK\x01\x02")
    record, rest = bytearray(data[place : place + 46]), data[place + 47 :]
    record[28] = 0  # the length of the name
    end = bytearray(rest)
    size = end.rfind(b"PK\x05\x06") + 12
    end[size : size + 4] = (int.from_bytes(end[size : size + 4], "little") - 1).to_bytes(4, "little")
    archive.write_bytes(data[:place] + bytes(record) + bytes(end))
    with pytest.raises(DamagedError, match=r"m\.keras is damaged"):
        load_model(archive)


def test_an_archive_within_an_archive_is_no_model(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "outer.keras", "w") as outer:
        outer.write(archive, "m.keras")
    with pytest.raises(DamagedError, match="holds no config.json"):
        load_model(tmp_path / "outer.keras")


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


def huge_data(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (1 << 30, 1 << 30), "f4")


def compressed_zeros(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (24 << 20,), "f4", chunks=(1 << 22,), compression="gzip")[:] = 0


def shared_bytes(file: Any) -> None:
    file["layers/dense/vars/0"] = np.ones((4, 5), "f4")
    file["layers/dense/vars/1"] = file["layers/dense/vars/0"]


def cycle(file: Any) -> None:
    group = file.create_group("layers/dense")
    group["again"] = file["layers"]


def deep(file: Any) -> None:
    file["/".join("g" * 5000)] = 1.0


def named_type(file: Any) -> None:
    file["layers/dense/vars/0"] = np.dtype("f8")


HARMFUL = [
    link_to_another_file, soft_link, external_data, virtual_data, sparse_data, huge_data, compressed_zeros,
    shared_bytes, cycle, deep, named_type,
]  # fmt: skip


@pytest.mark.parametrize("fill", HARMFUL)
def test_hdf5_that_points_elsewhere_or_is_larger_than_its_file(fill: Any, tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "m.weights.h5", fill)
    with pytest.raises(DamagedError, match=r"m\.weights\.h5 is refused"):
        read_directly(str(path), str(path))
    if fill in (link_to_another_file, huge_data):
        with pytest.raises(DamagedError, match=r"m\.weights\.h5 is refused"):
            builders.mlp(dtrain).load_weights(path)


def references(file: Any) -> Any:
    file["there"] = 1.0
    return file.create_dataset("layers/dense/vars/0", data=[file["there"].ref], dtype=h5py.ref_dtype)


def lists(file: Any) -> Any:
    return file.create_dataset("layers/dense/vars/0", (1,), h5py.vlen_dtype(np.float64))


def a_pickle(file: Any) -> Any:
    file["layers/dense/vars/0"] = np.void(b"\x80\x04\x95 a pickle")


def odd_names(file: Any) -> Any:
    file["layers/../../etc/vars/0"] = np.ones((4, 5), "f4")


@pytest.mark.parametrize("fill", [references, lists, a_pickle, odd_names])
def test_what_is_no_array_of_the_model_does_not_fit_it(fill: Any, tmp_path: Path) -> None:
    model = builders.mlp(dtrain)
    with pytest.raises(ValueError, match=r"m\.weights\.h5 does not fit the model"):
        model.load_weights(write_hdf5(tmp_path / "m.weights.h5", fill))


def test_a_filter_that_only_a_plugin_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libhdf5 loads plugins from where HDF5_PLUGIN_PATH says; the process that reads does not know it."""
    monkeypatch.setenv("HDF5_PLUGIN_PATH", str(tmp_path))
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((4,))
        properties.set_shuffle()
        h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((4,)), properties)
        file["a"][:] = 1.0
    data = path.read_bytes()
    place = data.find(b"\x0b\0") + 2  # the message of filters: version 1, one filter, ..., its number
    while data[place : place + 8] != b"\x01\x01\0\0\0\0\0\0" and place < len(data):
        place += 1
    path.write_bytes(data[: place + 8] + (32001).to_bytes(2, "little") + data[place + 10 :])
    with pytest.raises(DamagedError, match=r"m\.weights\.h5 is damaged"):
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


def code(text: str) -> str:
    """The compiled Python of an expression as files hold it."""
    return base64.encodebytes(marshal.dumps(compile(text, "x", "eval"))).decode()


def function(name: str, module: str | None = "builtins") -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


def entry(class_name: str, config: Any, module: str | None = "keras.layers", **rest: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None, **rest}


def attacks(marker: Path) -> dict[str, Any]:
    """What may stand in the place of a layer, to make `marker` or to do other harm."""
    python = code(f"open({str(marker)!r}, 'w')")
    run = {"args": ["touch", str(marker)]}
    dangerous = {
        f"{module}.{name}": entry("Lambda", {"name": "a", "function": function(name, module), "arguments": arguments})
        for module, name, arguments in (
            ("os", "system", {}),
            ("builtins", "eval", {}),
            ("builtins", "exec", {}),
            ("subprocess", "run", {}),
            ("keras.models", "load_model", {"safe_mode": False}),
            ("keras.models", "save_model", {"filepath": str(marker)}),
            ("keras.models", "model_from_json", {}),
            ("keras.layers", "deserialize", {}),
            ("keras.utils", "get_file", {"origin": f"file://{marker}", "fname": str(marker)}),
            ("keras.config", "enable_unsafe_deserialization", {}),
            ("keras.random.seed", "set_global_seed", {}),
            ("dtrain.saving.lambda_code", "load_lambda", {}),
            ("dtrain.cli.python_file", "load_function", {}),
        )
    }
    return {
        **dangerous,
        "class": entry("Popen", run, "subprocess"),
        "class of a keras module": entry("Popen", run, "keras.subprocess"),
        "registered": entry("Popen", run, None, registered_name="subprocess>Popen"),
        "module path": entry("os.system", {"command": f"touch {marker}"}, "os"),
        "private": entry("__import__", {"name": "os"}, "builtins"),
        "callback": entry("CSVLogger", {"filename": str(marker)}, "keras.callbacks"),
        "data": entry("HDF5Data", {"path": str(marker)}, "dtrain.datasets"),
        "no class": entry("Lambda", {"name": "a", "function": "os.system"}),
        "marshalled": entry(
            "Lambda", {"name": "a", "function": {"class_name": "__lambda__", "config": {"code": python}}}
        ),
        "marshalled, as of Keras 2": entry("Lambda", {"name": "a", "function": [python, None, None]}),
        "activation": entry(
            "Dense", {"units": 2, "activation": {"class_name": "__lambda__", "config": {"value": [python, None, None]}}}
        ),
        "initializer": entry("Dense", {"units": 2, "kernel_initializer": function("save_model", "keras.models")}),
        "types of NumPy": entry(
            "Rescaling", {"scale": {"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}}}
        ),
        "memory in NumPy": entry(
            "Rescaling", {"scale": {"class_name": "__numpy__", "config": {"value": [1], "dtype": "S99999999999"}}}
        ),
        "units": entry("Dense", {"units": 10**9}),
        "more units": entry("Dense", {"units": 10**30}),
        "rows": entry("Embedding", {"input_dim": 10**9, "output_dim": 10}),
        "negative": entry("Dense", {"units": -(10**9)}),
        "not a number": entry("Dense", {"units": float("nan")}),
        "infinite": entry("Dropout", {"rate": float("inf")}),
        "text": entry("Dense", {"units": "2" * 4000}),
        "no dict": entry("Dense", [[["a"]]]),
        "numbers for names": entry("Dense", {"units": 2}, module=3),  # type: ignore[arg-type]
        "lists for names": {"class_name": ["Dense"], "config": {}},
        "registered lists": entry("Dense", {"units": 2}, registered_name=[{}]),
    }


@pytest.mark.parametrize("name", attacks(Path("x")))
def test_a_configuration_runs_nothing_and_takes_no_memory(name: str, archive: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    attack = attacks(marker)[name]
    rewritten(archive, lambda config: config["config"]["layers"].insert(1, attack))
    with pytest.raises((ValueError, TypeError, DamagedError), match=r"m\.keras") as caught:
        load_model(archive).predict(np.zeros((1, 4)), verbose=0)
    assert not marker.exists()
    assert len(str(caught.value)) < 10_000


OPERATIONS = {
    "for ever": ("WhileLoop", [function("linear", "keras.activations"), function("linear", "keras.activations"), [1]]),
    "memory": ("BroadcastTo", [[1.0], [10**6, 10**6]]),
    "on no tensor": ("Tile", [[1.0], 10**10]),
    "functions": ("Map", [function("load_model", "keras.models"), ["x"]]),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_that_would_run_while_the_model_is_read(name: str, tmp_path: Path) -> None:
    x = dtrain.Input((4,), name="x")
    dtrain.Model(x, dtrain.layers.Dense(1)(dtrain.ops.abs(x))).save(tmp_path / "m.keras")
    class_name, args = OPERATIONS[name]

    def change(config: Any) -> None:
        operation = next(layer for layer in config["config"]["layers"] if ".ops" in layer["module"])
        operation |= {"class_name": class_name, "registered_name": class_name}
        operation["inbound_nodes"][0]["args"] = args

    with pytest.raises((ValueError, TypeError), match=r"m\.keras"):
        load_model(rewritten(tmp_path / "m.keras", change))


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_configurations_that_are_nested_deep(depth: int, archive: Path, tmp_path: Path) -> None:
    text = '{"class_name": "Sequential", "config": {"layers": [' * depth + "]}}" * depth
    with zipfile.ZipFile(archive) as file:
        weights = file.read("model.weights.h5")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("config.json", text)
        file.writestr("model.weights.h5", weights)
    with pytest.raises((ValueError, DamagedError), match=r"m\.keras"):
        load_model(archive)
    with pytest.raises(ValueError, match="model_from_json"):
        dtrain.models.model_from_json(text)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"a"]
        file.attrs["keras_version"] = "3.0.0"
        file.attrs["model_config"] = text[:60_000] if depth > 500 else text
    with pytest.raises((ValueError, DamagedError), match=r"m\.h5"):
        load_model(tmp_path / "m.h5")


@pytest.mark.parametrize("count", ["99999999999999", "9" * 5000, "-1", "x"])
def test_counts_of_keras_0_that_are_not_those_of_the_file(count: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["nb_layers"] = count
    with pytest.raises(DamagedError, match=r"w\.h5 is damaged: it says that it holds"):
        builders.mlp(dtrain).load_weights(tmp_path / "w.h5")


@pytest.mark.parametrize(
    "training", ["{}", '{"optimizer_config": 3}', '{"optimizer_config": {"class_name": "os"}}', "[]"]
)
def test_what_compile_was_told_in_an_old_file_is_not_trusted(training: str, tmp_path: Path) -> None:
    model = builders.mlp(dtrain)
    model.compile("adam", "mse")
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file.attrs["training_config"] = training
    with pytest.raises((ValueError, TypeError, DamagedError), match=r"m\.h5"):
        load_model(tmp_path / "m.h5")


def test_a_model_as_large_as_its_weights_is_read(tmp_path: Path) -> None:
    """17 million weights, 68 MB: beyond what a file may have without weights for it."""
    model = dtrain.Sequential([dtrain.Input((4100,)), dtrain.layers.Dense(4100, kernel_initializer="zeros")])
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras").count_params() == 4100 * 4101


def test_models_within_models_that_double_their_work_at_every_level(archive: Path) -> None:
    """A few kB that would take years: every model calls the one within it twice."""
    x = dtrain.Input((2,), name="x")
    inner = dtrain.Model(x, dtrain.layers.Dense(2)(x), name="inner")
    model = json.loads(dtrain.Model(x, inner(inner(x)), name="outer").to_json())
    for level in range(30):
        wrapped = copy.deepcopy(model)
        place = next(k for k, layer in enumerate(wrapped["config"]["layers"]) if "layers" in layer["config"])
        entry = wrapped["config"]["layers"][place]
        wrapped["config"]["layers"][place] = {**model, "name": entry["name"], "inbound_nodes": entry["inbound_nodes"]}
        wrapped["config"]["name"] = f"outer_{level}"
        model = wrapped
    text = json.dumps(model)
    assert len(text) < 100_000
    with pytest.raises(ValueError, match="calls models within models: .* objects"):
        dtrain.models.model_from_json(text)
    with pytest.raises(ValueError, match=r"m\.keras: the configuration calls models within models"):
        load_model(rewritten(archive, lambda _: model))
