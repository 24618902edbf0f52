"""What the training that is tortured can be made of: models, optimizers, sources of data, and places of ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dtrain
from dtrain import layers, optimizers
from dtrain.callbacks import Callback, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from dtrain.datasets import HDF5Data
from dtrain.optimizers.schedules import ExponentialDecay

BEST = "best.weights.h5"


def plain(units: int, swapped: bool, middle: layers.Layer) -> Any:
    normalized = [layers.BatchNormalization(), layers.Dropout(0.4)]
    return dtrain.Sequential(
        [
            dtrain.Input((6,)),
            layers.Dense(units, activation="relu", kernel_regularizer="l2", name="hidden"),
            *(normalized[::-1] if swapped else normalized),
            middle,
            layers.Dense(2),
        ]
    )


def recurrent(units: int, swapped: bool, middle: layers.Layer) -> Any:
    cell = layers.LSTM(units, dropout=0.1, recurrent_dropout=0.1, name="hidden")
    return dtrain.Sequential([dtrain.Input((6,)), layers.Reshape((3, 2)), cell, middle, layers.Dense(2)])


def convolutional(units: int, swapped: bool, middle: layers.Layer) -> Any:
    entry = dtrain.Input((6,))
    h = layers.Conv1D(units, 3, padding="same", name="hidden")(layers.Reshape((6, 1))(entry))
    h = layers.MaxPooling1D()(layers.Activation("relu")(layers.BatchNormalization()(h)))
    h = layers.SpatialDropout1D(0.2)(h)
    return dtrain.Model(entry, layers.Dense(2)(middle(layers.Flatten()(h))))


MODELS = {"plain": plain, "lstm": recurrent, "conv": convolutional}
OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "adam": optimizers.Adam,
    "momentum": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "clipped": lambda rate: optimizers.AdamW(rate, global_clipnorm=0.5),
    "average": lambda rate: optimizers.RMSprop(rate, use_ema=True, ema_overwrite_frequency=5),
    "rounds": lambda rate: optimizers.Adam(rate, amsgrad=True, gradient_accumulation_steps=3),
    "schedule": lambda rate: optimizers.Adam(ExponentialDecay(rate, 5, 0.9)),
}
SOURCES = ("arrays", "rows", "hdf5", "batches")


class Rows:
    """Data that are read row by row, in a thread of its own; each reading is told."""

    def __init__(self, x: Any, y: Any, told: Callable[[Any], None]) -> None:
        self.x, self.y, self.told = x, y, told

    def __len__(self) -> int:
        return len(self.x)

    def read_rows(self, wanted: Any) -> Any:
        self.told(wanted)
        return self.x[wanted], self.y[wanted], None


class Batches(dtrain.utils.PyDataset):
    """Data that come as whole batches."""

    def __init__(self, x: Any, y: Any, batch: int) -> None:
        super().__init__()
        self.x, self.y, self.batch = x, y, batch

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch)

    def __getitem__(self, number: int) -> Any:
        rows = slice(number * self.batch, (number + 1) * self.batch)
        return self.x[rows], self.y[rows]


def data(kind: str, x: Any, y: Any, batch: int, folder: Path, told: Callable[[Any], None]) -> dict[str, Any]:
    """The arguments of `fit` for data of one kind."""
    if kind == "arrays":
        return {"x": x, "y": y, "batch_size": batch}
    if kind == "rows":
        return {"x": Rows(x, y, told), "batch_size": batch}
    if kind == "batches":
        return {"x": Batches(x, y, batch)}
    return {"x": HDF5Data(stored(folder / "data.h5", x, y)), "batch_size": batch}


def stored(path: Path, x: Any, y: Any) -> Path:
    """Write a file of data if this process is the first to, and only as a whole."""
    import os

    import h5py

    if not path.exists():
        own = path.with_name(f"{path.name}.{os.getpid()}")
        with h5py.File(own, "w") as file:
            file["x"], file["y"] = x, y
        own.replace(path)
    return path


CALLBACKS: dict[str, Callable[[Path], Callback]] = {
    "patient": lambda folder: EarlyStopping(monitor="val_loss", patience=9),
    "impatient": lambda folder: EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True),
    "plateau": lambda folder: ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=0.2),
    "best": lambda folder: ModelCheckpoint(str(folder / BEST), "val_loss", save_best_only=True, save_weights_only=True),
}
"""Those that keep something from epoch to epoch."""


def pretend_hosts(hosts: Sequence[int]) -> None:
    """Let each rank take itself for one of a host that this names. Call it before MPI is used."""
    from dtrain.distributed import mpi

    begin = mpi.MPICommunicator.__init__

    def divided(self: Any, own: Any) -> None:
        begin(self, own)
        self._node = own.Split(hosts[own.Get_rank()], own.Get_rank())
        self.local_rank, self.local_size = self._node.Get_rank(), self._node.Get_size()

    mpi.MPICommunicator.__init__ = divided  # type: ignore[method-assign]


def cut_finely(bucket_bytes: int) -> None:
    """Let gradients be added in buckets of so many bytes."""
    from dtrain.distributed.synchronizer import Synchronizer

    Synchronizer.__init__.__defaults__ = (bucket_bytes,)


def take_away(name: str) -> None:
    """Let a function of the operating system fail, as where there is no memory."""
    import errno
    import os

    def failing(*arguments: Any) -> Any:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    setattr(os, name, failing)


def made_up(rows: int, dtype: Any) -> tuple[Any, Any]:
    """Inputs and targets of so many rows."""
    numbers = np.random.default_rng(3)
    x = numbers.normal(size=(rows, 6)).astype(dtype)
    return x, (x[:, :2] ** 2 + 0.3 * numbers.normal(size=(rows, 2))).astype(dtype)
