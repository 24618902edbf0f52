"""Keras's other data sets, from files where Keras keeps them."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtrain import datasets
from dtrain.datasets.plain_pickle import load_plain

RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("DTRAIN_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.delenv("DTRAIN_DATA_DIR", raising=False)
    folder = tmp_path / "datasets"
    folder.mkdir()
    return folder


def test_house_prices_are_split_by_the_seed(cache: Path) -> None:
    x, y = np.arange(40.0).reshape(10, 4), np.arange(10.0)
    for name in ("boston_housing", "california_housing"):
        np.savez(cache / f"{name}.npz", x=x, y=y)
        (x_train, y_train), (x_test, y_test) = getattr(datasets, name).load_data(test_split=0.3)
        order = np.arange(10)
        np.random.RandomState(113).shuffle(order)
        np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y[order])
        assert len(x_train) == 7 and len(x_test) == 3
    with pytest.raises(ValueError, match="'large' or 'small'"):
        datasets.california_housing.load_data("tiny")


def _lists(*texts: list[int]) -> Any:
    result = np.empty(len(texts), object)
    result[:] = texts
    return result


def test_texts_get_a_start_and_lose_rare_words(cache: Path) -> None:
    x = _lists([1, 5, 9], [2], [3, 3, 3, 3])
    np.savez(cache / "imdb.npz", x_train=x, y_train=np.array([0, 1, 0]), x_test=x[:1], y_test=np.array([1]))
    (x_train, y_train), (x_test, _) = datasets.imdb.load_data(num_words=9, maxlen=5)
    assert sorted(map(list, x_train)) == [[1, 4, 8, 2], [1, 5]] and sorted(y_train) == [0, 1]
    assert list(x_test[0]) == [1, 4, 8, 2]
    (x_train, _), _ = datasets.imdb.load_data(nb_words=9, oov_char=None, start_char=None, index_from=0, skip_top=3)
    assert sorted(map(list, x_train)) == [[], [3, 3, 3, 3], [5]]
    (cache / "imdb_word_index.json").write_text('{"the": 1}')
    assert datasets.imdb.get_word_index() == {"the": 1}
    np.savez(cache / "reuters.npz", x=_lists(*([k] for k in range(5))), y=np.arange(5))
    (x_train, y_train), (x_test, _) = datasets.reuters.load_data()
    assert len(x_train) == 4 and len(x_test) == 1
    assert [list(t) for t in x_train] == [[1, k + 3] for k in y_train]
    with pytest.raises(ValueError, match="no text has fewer than maxlen=1"):
        datasets.reuters.load_data(maxlen=1)


def _batch(labels: bytes, rows: int = 2) -> tuple[Any, bytes]:
    content = {b"data": RNG.integers(0, 256, (rows, 3072), np.uint8), labels: list(range(rows))}
    return content, pickle.dumps(content, 2)


@pytest.mark.parametrize("packed", [False, True])
def test_colour_images_come_from_the_folder_or_the_archive(cache: Path, packed: bool) -> None:
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    batches = {name: _batch(b"labels") for name in names}
    folder = cache / "cifar-10-batches-py-target_extracted" / "cifar-10-batches-py"
    if packed:
        with tarfile.open(cache / "cifar-10-python.tar.gz", "w:gz") as archive:
            for name, (_, data) in batches.items():
                info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    else:
        folder.mkdir(parents=True)
        for name, (_, data) in batches.items():
            (folder / name).write_bytes(data)
    (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    assert x_train.shape == (10, 32, 32, 3) and y_train.tolist() == [[0], [1]] * 5 and y_test.shape == (2, 1)
    np.testing.assert_array_equal(x_test[1, 2, 3], batches["test_batch"][0][b"data"][1].reshape(3, 32, 32)[:, 2, 3])


def test_labels_of_cifar100_are_fine_or_coarse(cache: Path) -> None:
    folder = cache / "cifar-100-python"
    folder.mkdir()
    for name in ("train", "test"):
        (folder / name).write_bytes(_batch(b"coarse_labels")[1])
    assert datasets.cifar100.load_data("coarse")[1][1].tolist() == [[0], [1]]
    with pytest.raises(ValueError, match="fine_labels"):
        datasets.cifar100.load_data()


@pytest.mark.parametrize(
    "name", ["boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "reuters"]
)
def test_a_data_set_that_is_nowhere_says_where_to_put_it(name: str, cache: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Get .*https://.*put (it|them) into") as error:
        getattr(datasets, name).load_data()
    assert str(cache) in str(error.value)


def test_fashion_images_are_read_from_idx_files(cache: Path) -> None:
    folder = cache / "fashion-mnist"
    folder.mkdir()
    for part, rows in (("train", 3), ("t10k", 2)):
        head = (0x803).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in (rows, 28, 28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + bytes(rows * 784))
        head = (0x801).to_bytes(4, "big") + rows.to_bytes(4, "big")
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + bytes(rows))
    (x_train, y_train), (x_test, y_test) = datasets.fashion_mnist.load_data()
    assert x_train.shape == (3, 28, 28) and y_test.shape == (2,) and len(y_train) == 3 and len(x_test) == 2


class _Command:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


def test_a_pickle_that_would_run_code_is_refused() -> None:
    with pytest.raises(ValueError, match="is refused"):
        load_plain(pickle.dumps(_Command()))
    with pytest.raises(ValueError, match="damaged pickle"):
        load_plain(b"\x80")
