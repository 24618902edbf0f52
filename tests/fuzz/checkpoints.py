"""Checkpoints with right seals over anything, as a stranger can make them, and what comes of going on from them."""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.mutations import mutate, mutate_tree


@cache
def checkpoints() -> list[bytes]:
    from dtrain.callbacks import EarlyStopping, ReduceLROnPlateau
    from dtrain.callbacks import TrainingCheckpoint as Saver

    with tempfile.TemporaryDirectory() as folder:
        callbacks = [Saver(folder, every_steps=3), EarlyStopping(), ReduceLROnPlateau(monitor="loss")]
        _trained(callbacks=callbacks)
        return [path.read_bytes() for path in sorted(Path(folder).glob("*.h5"))]


def _trained(**options: Any) -> None:
    """Four steps of a small model, two in each epoch."""
    import dtrain

    dtrain.utils.set_random_seed(1)
    layers = dtrain.layers
    model = dtrain.Sequential([dtrain.Input((2,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(1)])
    model.compile(dtrain.optimizers.Adam(1e-2), "mse", metrics=["mae"])
    x = np.arange(16, dtype=np.float32).reshape(8, 2)
    data = {"validation_data": (x, x[:, :1]), "batch_size": 4, "epochs": 2, "verbose": 0}
    model.fit(x, x[:, :1], **data, **options)


def mutate_sealed(data: bytes, draw: random.Random) -> bytes:
    """A checkpoint whose seal is right for what has been changed: bytes anywhere, the table, values with digests."""
    from dtrain.checkpoint.errors import CheckpointError
    from dtrain.checkpoint.seal import SEAL_BYTES, check_seal
    from tests.checkpoint.forging import sealed_anew, with_digests, with_table

    if not draw.randrange(4):
        return sealed_anew(data[:SEAL_BYTES] + mutate(data[SEAL_BYTES:], draw))
    if not draw.randrange(3):
        return sealed_anew(mutate(data[:SEAL_BYTES], draw)[:SEAL_BYTES] + data[SEAL_BYTES:])
    if draw.randrange(2):
        return with_table(data, lambda rows: mutate_tree(rows, draw))
    values = check_seal(data, "seed").values
    changed = (mutate(data[values:], draw) + bytes(len(data)))[: len(data) - values]
    try:
        return with_digests(data[:values] + changed)
    except CheckpointError:
        return data


def mutate_state(data: bytes, draw: random.Random) -> bytes:
    """A checkpoint that is whole and holds nonsense: other texts, arrays of other shapes and types, other names."""
    from dtrain.checkpoint.image import decode, encode

    flat: dict[str, Any] = decode(data)
    for _ in range(draw.choice((1, 1, 2, 3))):
        path = draw.choice(sorted(flat))
        kind = draw.randrange(8)
        if isinstance(flat[path], str) and flat[path] != "text" and kind:
            flat[path] = json.dumps(mutate_tree(json.loads(flat[path]), draw))
        elif kind < 5:
            flat[path] = draw.choice(_ARRAYS)
        elif kind < 7:
            flat[path + "x"] = flat.pop(path)
        else:
            del flat[path]
    return b"".join(encode(flat))


_ARRAYS = (
    np.zeros(0, np.float32), np.zeros((0, 5)), np.float64("nan"), np.full(3, np.inf), np.int64(-1), np.uint64(2**63),
    np.array(True), np.zeros((1,) * 20), np.arange(6.0).reshape(2, 3), np.int64(2**62), np.full(8, 255, np.uint8),
    "text",
)  # fmt: skip


def mutate_older(data: bytes, draw: random.Random) -> bytes:
    """An HDF5 file that libhdf5 has written, damaged, under a seal of version 1 that is right for it."""
    from dtrain.checkpoint.seal import SEAL_BYTES
    from tests.checkpoint.forging import seal_of_version_1

    image = mutate(data[SEAL_BYTES:], draw)
    return seal_of_version_1(image) + image


def older() -> list[bytes]:
    path = Path(__file__).parents[1] / "checkpoint" / "files" / "version_1.h5.gz"
    return [gzip.decompress(path.read_bytes())]


def read_resumed(path: Path) -> object:
    """Go on with training from it."""
    folder = path.with_name("states")
    folder.mkdir(exist_ok=True)
    (folder / "step-0000000004.h5").write_bytes(path.read_bytes())
    with redirect_stdout(io.StringIO()):
        _trained(resume=folder)
    return None
