"""Training, evaluation and prediction on rows of a file give the bits of the same rows in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import dtrain
from dtrain.callbacks import Callback, TrainingCheckpoint
from dtrain.datasets import HDF5Data
from dtrain.training.data import ArraySource
from dtrain.training.row_source import RowSource
from tests.training.models import classifier, labels, regression_data

ROWS = 45


def inputs(rows: int) -> Any:
    return regression_data(rows)[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file.create_dataset("x", data=inputs(ROWS), chunks=True, compression="gzip")
        file["y"] = labels(ROWS)
        file["weight"] = np.linspace(0, 1, ROWS)
    return tmp_path / "rows.h5"


def train(*data: Any, **arguments: Any) -> tuple[list[Any], dict[str, list[float]]]:
    dtrain.utils.set_random_seed(3)
    model = classifier(metrics=["accuracy"])
    history = model.fit(*data, batch_size=8, verbose=0, **{"epochs": 3, **arguments})
    return model.get_weights(), history.history


def assert_same(found: Any, expected: Any) -> None:
    assert found[1] == expected[1]
    assert all(np.array_equal(a, b) for a, b in zip(found[0], expected[0], strict=True))


@pytest.mark.parametrize("shuffle", [True, False])
def test_training_from_a_file_is_training_from_memory(path: Path, shuffle: bool) -> None:
    held_out = HDF5Data(path, stop=20)
    found = train(HDF5Data(path), shuffle=shuffle, validation_data=held_out)
    memory = inputs(ROWS)[:20], labels(ROWS)[:20]
    assert_same(found, train(inputs(ROWS), labels(ROWS), shuffle=shuffle, validation_data=memory))


def test_weights_of_classes_and_rows_count(path: Path) -> None:
    weights = {0: 0.5, 2: 3.0}
    found = train(HDF5Data(path, sample_weight="weight"), class_weight=weights)
    expected = train(inputs(ROWS), labels(ROWS), sample_weight=np.linspace(0, 1, ROWS), class_weight=weights)
    assert_same(found, expected)


def test_evaluation_and_prediction_from_a_file(path: Path) -> None:
    model = classifier(metrics=["accuracy"])
    x, y = inputs(ROWS), labels(ROWS)
    assert model.evaluate(HDF5Data(path), batch_size=8, verbose=0) == model.evaluate(x, y, batch_size=8, verbose=0)
    found = model.predict(HDF5Data(path, y=None), batch_size=8, verbose=0)
    np.testing.assert_array_equal(found, model.predict(x, batch_size=8, verbose=0))


@pytest.mark.parametrize(("size", "shards"), [(1, None), (3, None), (7, None), (3, 8)])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_rank_gets_the_rows_it_would_get_of_arrays(path: Path, size: int, shards: int, shuffle: bool) -> None:
    data, arrays = HDF5Data(path), (inputs(ROWS), labels(ROWS), None)
    for rank in range(size):
        file = RowSource(data, 8, shuffle, 5, rank, size, None, shards)
        memory = ArraySource(arrays, 8, shuffle, 5, rank, size, shards)
        assert (file.rows, file.count, file.batch_size) == (memory.rows, memory.count, memory.batch_size)
        batches = zip(file.batches(2, 1), memory.batches(2, 1), strict=True)
        for found, expected in batches:
            np.testing.assert_array_equal(found.x, expected.x)
            np.testing.assert_array_equal(found.y, expected.y)
            places = ((b.rows, b.total_rows, b.first_row) for b in (found, expected))
            assert next(places) == next(places)


class _Stop(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.optimizer.step_count == 8:
            raise KeyboardInterrupt


def test_a_run_goes_on_in_the_middle_of_an_epoch(path: Path, tmp_path: Path) -> None:
    def saver() -> TrainingCheckpoint:
        return TrainingCheckpoint(tmp_path / "states", every_steps=1)

    with pytest.raises(KeyboardInterrupt):
        train(HDF5Data(path), callbacks=[saver(), _Stop()])
    found = train(HDF5Data(path), callbacks=[saver()], resume=tmp_path / "states")
    assert_same(found, train(inputs(ROWS), labels(ROWS)))


def test_a_file_of_other_rows_on_one_process_would_be_noticed(path: Path) -> None:
    sources = [RowSource(HDF5Data(path, **part), 8, True, 0, 0, 1) for part in ({}, {"start": 1})]
    assert sources[0].content != sources[1].content
