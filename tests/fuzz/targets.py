"""The readers of files from outside, each with files to begin from and the errors that it may raise."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.checkpoints import checkpoints, mutate_older, mutate_sealed, mutate_state, older, read_resumed
from tests.fuzz.mutations import mutate, mutate_tree

Mutation = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Target:
    """A reader under test.

    Attributes:
        name: of the target; also the ending of its files, from the first point on.
        seeds: good files.
        read: reads the file at a path.
        refusals: what it may raise.
        mutation: how a good file becomes another.
        in_library: whether libhdf5 reads in this process: it crashes on some files, which is counted and no failure.
        isolated: whether a process of its own reads, which may take some seconds of processor time.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...]
    mutation: Mutation = mutate
    in_library: bool = False
    isolated: bool = False


def _idx() -> list[bytes]:
    from dtrain.datasets.idx import write_idx

    arrays = (np.zeros((3, 4, 5), np.uint8), np.arange(6, dtype=np.int32).reshape(2, 3), np.float32(3))
    return [_file("a", lambda path, array=array: write_idx(path, array)) for array in arrays]


def _file(name: str, write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, name))
        return Path(folder, name).read_bytes()


def _npz() -> list[bytes]:
    lists = np.empty(3, object)
    lists[:] = [[1, 2], [3], []]
    found = []
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, x=np.arange(12.0).reshape(3, 4), y=lists)
        found.append(stream.getvalue())
    return found


def _npys() -> list[bytes]:
    found = []
    for version in ((1, 0), (2, 0), (3, 0)):
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.arange(12.0).reshape(3, 4), version)
        found.append(stream.getvalue())
    return found


def _pickles() -> list[bytes]:
    content = {b"data": np.zeros((2, 3), np.uint8), b"labels": [1, 2], b"names": ["a", ("b", 1.5)]}
    return [pickle.dumps(content, protocol) for protocol in (0, 1, 2, 4)]


def _tars() -> list[bytes]:
    found = []
    for mode in ("w", "w:gz"):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode=mode) as archive:
            for name in ("train", "test"):
                info = tarfile.TarInfo(f"folder/{name}")
                info.size = len(_pickles()[2])
                archive.addfile(info, io.BytesIO(_pickles()[2]))
        found.append(stream.getvalue())
    return found


@cache
def _model() -> Any:
    import dtrain

    layers = dtrain.layers
    inputs = dtrain.Input((4,), name="x")
    hidden = layers.Dense(3, activation="relu", kernel_regularizer="l2", name="hidden")(inputs)
    hidden = layers.BatchNormalization()(hidden) + dtrain.ops.abs(hidden)
    model = dtrain.Model(inputs, layers.Dense(2)(layers.Dropout(0.1)(hidden)))
    model.compile(dtrain.optimizers.Adam(1e-2), "mse", metrics=["mae"])
    model.fit(np.zeros((2, 4)), np.zeros((2, 2)), verbose=0)
    return model


@cache
def _saved(name: str) -> bytes:
    return _file(name, lambda path: (_model().save_weights if ".weights." in name else _model().save)(path))


def _archives() -> list[bytes]:
    return [_saved("m.keras")]


def _mutate_archive(data: bytes, draw: random.Random) -> bytes:
    """Bytes of the archive, or its configuration with right checksums."""
    if draw.randrange(4) == 0:
        return mutate(data, draw)
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, _mutate_json(content, draw) if name == "config.json" else content)
    return result.getvalue()


def _mutate_json(data: bytes, draw: random.Random) -> bytes:
    return json.dumps(mutate_tree(json.loads(data), draw)).encode()


def _mutate_legacy(data: bytes, draw: random.Random) -> bytes:
    """The configuration in a whole model of HDF5."""
    import h5py

    with h5py.File("image", "w", driver="core", backing_store=False) as new:
        with h5py.File(io.BytesIO(data)) as old:
            for name in old:
                old.copy(name, new)
            for name, value in old.attrs.items():
                is_config = name.endswith("_config") and draw.randrange(3)
                new.attrs[name] = _mutate_json(value.encode(), draw).decode() if is_config else value
        new.flush()
        return bytes(new.id.get_file_image())


def _hdf5() -> list[bytes]:
    import h5py

    found = [_saved("m.weights.h5"), _saved("m.h5")]
    for version in ("earliest", "latest"):
        with h5py.File("image", "w", driver="core", backing_store=False, libver=version) as file:
            data = np.arange(400.0).reshape(20, 20)
            options = {"chunks": (5, 5), "compression": "gzip", "shuffle": True, "fletcher32": True}
            file.create_dataset("layers/dense/vars/0", data=data, **options)
            file.create_dataset("layers/dense/vars/1", data=np.arange(20, dtype=">f4"), maxshape=(None,), chunks=(4,))
            file.attrs["layer_names"] = np.array(["a", "b"], object)
            file.attrs["fixed"] = np.array([b"abc", b"de"])
            file.flush()
            found.append(bytes(file.id.get_file_image()))
    return found


def _tomls() -> list[bytes]:
    root = Path(__file__).parents[2]
    texts = [path.read_bytes() for path in sorted((root / "configs").glob("*.toml"))]
    return [*texts, b'[data]\ntrain_size = 9\n[model]\nname = "mlp"\nhidden_units = [3]\n[run]\nname = "x"\n']


def _images() -> list[bytes]:
    from PIL import Image

    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    return [_file(f"a.{kind}", image.save) for kind in ("png", "jpg", "pgm", "bmp", "gif", "tiff")]


def _lists() -> list[bytes]:
    return [json.dumps({"metadata": {}, "weight_map": {"/layers/dense/vars": ["m_00000.weights.h5"]}}).encode()]


def _read_npz(path: Path) -> object:
    from dtrain.datasets.keras_cache import read_npz

    return read_npz(path)


def _read_idx(path: Path) -> object:
    from dtrain.datasets.idx import read_idx

    return read_idx(path)


def _read_pickle(path: Path) -> object:
    from dtrain.datasets.plain_pickle import load_plain

    return load_plain(path.read_bytes())


def _read_tar(path: Path) -> object:
    from dtrain.datasets.keras_cache import read_members

    return read_members(path, ["train", "test"])


def _read_model(path: Path) -> object:
    from dtrain.saving import hdf5, load_model

    original, hdf5.read_hdf5 = hdf5.read_hdf5, hdf5.read_directly  # type: ignore[assignment]
    try:
        return load_model(path)
    finally:
        hdf5.read_hdf5 = original


def _read_json(path: Path) -> object:
    from dtrain.models import model_from_json

    return model_from_json(path.read_text())


def _read_hdf5(path: Path) -> object:
    from dtrain.saving.hdf5 import read_hdf5

    return read_hdf5(str(path), str(path))


def _read_hdf5_here(path: Path) -> object:
    from dtrain.saving.hdf5 import read_directly

    return read_directly(str(path), str(path))


def _read_checkpoint(path: Path) -> object:
    from dtrain.checkpoint import load

    return load(path)


def _read_inspected(path: Path) -> object:
    from dtrain.checkpoint.inspect import describe

    return describe(path, force=True)


def _read_npy(path: Path) -> object:
    from dtrain.cli.rows import read_rows

    return read_rows(path, (4,))


def _read_words(path: Path) -> object:
    from dtrain.datasets.words import word_index

    return word_index("imdb", str(path))


def _read_toml(path: Path) -> object:
    from dtrain.cli.load_config import load_config

    return load_config(path)


def _read_image(path: Path) -> object:
    from dtrain.cli.rows import read_rows

    return read_rows(path, (28, 28), invert=False)


def _read_list(path: Path) -> object:
    from dtrain.saving.shards import read

    return read(str(path))


def _targets() -> list[Target]:
    from dtrain.checkpoint.errors import CheckpointError
    from dtrain.cli.errors import UserError

    damage, nonsense = (CheckpointError,), (CheckpointError, TypeError, ValueError)
    return [
        Target("idx", _idx, _read_idx, (ValueError,)),
        Target("idx.gz", lambda: [gzip.compress(data, mtime=0) for data in _idx()], _read_idx, (ValueError,)),
        Target("npz", _npz, _read_npz, (ValueError,)),
        Target("npy", _npys, _read_npy, (UserError,)),
        Target("words", lambda: [b'{"the": 1, "a": 2}'], _read_words, (ValueError,)),
        Target("pickle", _pickles, _read_pickle, (ValueError,)),
        Target("tar", _tars, _read_tar, (ValueError,)),
        Target("toml", _tomls, _read_toml, (UserError,)),
        Target("image", _images, _read_image, (UserError,)),
        Target("checkpoint.h5", checkpoints, _read_checkpoint, damage),
        Target("sealed.h5", checkpoints, _read_checkpoint, damage, mutate_sealed),
        Target("resumed.h5", checkpoints, read_resumed, (*nonsense, FloatingPointError), mutate_state),
        Target("inspected.h5", checkpoints, _read_inspected, damage, mutate_sealed, isolated=True),
        Target("older.h5", older, _read_checkpoint, damage, mutate_older, isolated=True),
        Target("keras", _archives, _read_model, nonsense, _mutate_archive),
        Target("json", lambda: [_model().to_json().encode()], _read_json, nonsense, _mutate_json),
        Target("legacy.h5", lambda: [_saved("m.h5")], _read_model, nonsense, _mutate_legacy),
        Target("weights.json", _lists, _read_list, (CheckpointError, OSError)),
        Target("isolated.h5", _hdf5, _read_hdf5, damage, isolated=True),
        Target("hdf5.h5", _hdf5, _read_hdf5_here, damage, in_library=True),
    ]


TARGETS = {target.name: target for target in _targets()}


def outcome(target: Target, data: bytes, folder: Path) -> str:
    """Read a file: "read" or "refused"; anything else that is raised is let through."""
    path = folder / f"case.{target.name}"
    path.write_bytes(data)
    try:
        target.read(path)
    except target.refusals:
        return "refused"
    return "read"


def case(target: Target, seed: object) -> bytes:
    """The file of a seed."""
    draw = random.Random(f"{target.name}/{seed}")
    return target.mutation(draw.choice(_seeds(target.name)), draw)


@cache
def _seeds(name: str) -> list[bytes]:
    return TARGETS[name].seeds()
