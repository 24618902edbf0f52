"""The rows that `[data]` names: training and test rows, cut to size, with the targets that the model is to learn."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from dtrain.cli.config import Data
from dtrain.cli.errors import UserError
from dtrain.cli.python_file import load_function

Array: TypeAlias = Any
Targets: TypeAlias = Any


class Rows(NamedTuple):
    """Inputs and targets of equal length."""

    x: Array
    y: Targets


def load_rows(data: Data) -> tuple[Rows, Rows]:
    """Return the training rows and the test rows."""
    (x_train, y_train), (x_test, y_test) = _source(data)
    train = _cut("train_size", data.train_size, Rows(x_train, y_train))
    test = _cut("test_size", data.test_size, Rows(x_test, y_test))
    return _with_targets(train, data.targets), _with_targets(test, data.targets)


def _source(data: Data) -> Any:
    if data.file is not None:
        return load_function("data.file", data.file)()
    from dtrain import datasets

    if data.name == "mnist":
        return datasets.mnist.load_data()
    sizes = {"train": data.train_size, "test": data.test_size}
    return datasets.digits.load_data(seed=data.seed, **{key: size for key, size in sizes.items() if size is not None})


def _cut(key: str, size: int | None, rows: Rows) -> Rows:
    if size is not None and size > len(rows.x):
        raise UserError(f"data.{key}: there are {len(rows.x)} rows. Received: {size}")
    return Rows(rows.x[:size], rows.y[:size])


def _with_targets(rows: Rows, targets: str) -> Rows:
    return Rows(rows.x, [rows.y // 2, rows.y % 2]) if targets == "group_and_parity" else rows
