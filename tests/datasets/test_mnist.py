"""MNIST is taken from the first place that has it; from a mirror only what is, byte for byte, the original."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from dtrain.datasets import download, mnist
from dtrain.datasets.idx import write_idx

RNG = np.random.default_rng(5)
X, Y = RNG.integers(0, 256, (7, 28, 28), np.uint8), RNG.integers(0, 10, 7, np.uint8)
SETS = dict(zip(mnist.FILES, (X[:5], Y[:5], X[5:], Y[5:]), strict=True))


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    found = {name: tmp_path / name for name in ("data", "cache", "keras")}
    for variable, name in (("DTRAIN_DATA_DIR", "data"), ("DTRAIN_CACHE_DIR", "cache"), ("KERAS_HOME", "keras")):
        monkeypatch.setenv(variable, str(found[name]))
        found[name].mkdir()
    monkeypatch.setattr(download, "_get", no_network)
    return found


def no_network(address: str) -> bytes:
    raise OSError(f"no route to {address}")


def write_files(folder: Path, ending: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in SETS.items():
        write_idx(folder / f"{name}{ending}", array)


def check(found: object) -> None:
    (x_train, y_train), (x_test, y_test) = found  # type: ignore[misc]
    for array, expected in zip((x_train, y_train, x_test, y_test), SETS.values(), strict=True):
        np.testing.assert_array_equal(array, expected, strict=True)


@pytest.mark.parametrize("place", ["data", "data/mnist", "cache/mnist"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_four_files_are_found_plain_or_packed(place: str, ending: str, tmp_path: Path) -> None:
    write_files(tmp_path / place, ending)
    check(mnist.load_data())
    check(mnist.load_data("mnist.npz"))


@pytest.mark.parametrize("place", ["data", "data/mnist", "cache/mnist", "keras/datasets"])
def test_one_npz_file_does_as_well(place: str, tmp_path: Path) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), SETS.values(), strict=True))
    np.savez(tmp_path / place / "mnist.npz", **arrays)
    np.savez(tmp_path / place / "mine.npz", **arrays)
    for path in (None, "mnist.npz", "mine.npz", tmp_path / place / "mine.npz"):
        check(mnist.load_data(path))


def test_a_file_of_another_name_that_is_nowhere_is_not_replaced_by_mnist(places: dict[str, Path]) -> None:
    write_files(places["data"])
    with pytest.raises(FileNotFoundError, match=r"no file mine\.npz.*data"):
        mnist.load_data("mine.npz")


def test_when_it_is_nowhere_the_error_says_where_to_put_it(places: dict[str, Path]) -> None:
    write_idx(places["data"] / "train-labels-idx1-ubyte", Y)
    with pytest.raises(
        FileNotFoundError, match=r"(?s)Put train-images.*cache/mnist.*1 of 4 files.*no route to https://"
    ):
        mnist.load_data()


def test_downloads_are_checked_and_kept(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(places["keras"] / "originals")
    originals = {name: (places["keras"] / "originals" / name).read_bytes() for name in mnist.FILES}
    known = {n: mnist._Original(len(d), hashlib.sha256(d).hexdigest()) for n, d in originals.items()}
    monkeypatch.setattr(mnist, "FILES", known)
    asked: list[str] = []

    def get(address: str) -> bytes:
        asked.append(address)
        mirror, _, name = address.rpartition("/")
        data = originals[name.removesuffix(".gz")]
        if mirror + "/" == mnist.MIRRORS[0]:
            return gzip.compress(data[:-1] + b"?")  # the first mirror has something else
        return data if "labels" in name else gzip.compress(data)  # the second one may unpack it itself

    monkeypatch.setattr(download, "_get", get)
    check(mnist.load_data())
    assert len(asked) == 8
    assert sorted(path.name for path in (places["cache"] / "mnist").iterdir()) == sorted(known)
    check(mnist.load_data())
    assert len(asked) == 8


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", gzip.compress(bytes(1 << 26)), b"\x1f\x8b\x08", b"\x1f\x8b" + b"x" * 99]
)
def test_a_mirror_that_sends_something_else_is_named_and_nothing_is_kept(
    answer: bytes, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_get", lambda address: answer)
    with pytest.raises(FileNotFoundError, match="Download: https://.*; https://"):
        mnist.load_data()
    assert list(places["cache"].rglob("*")) == []


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3-ubyte", X[:5, 1:], r"images uint8 \(n, 28, 28\)"),
        ("train-images-idx3-ubyte", X[:5].astype(np.float32), r"images uint8 \(n, 28, 28\)"),
        ("t10k-labels-idx1-ubyte", Y[5:].astype(np.int32), r"labels uint8 \(n,\)"),
        ("t10k-labels-idx1-ubyte", Y[4:], "2 images in .*, 3 labels in"),
    ],
)
def test_files_of_another_form_are_named(name: str, array: np.ndarray, message: str, places: dict[str, Path]) -> None:
    write_files(places["data"])
    write_idx(places["data"] / name, array)
    with pytest.raises(ValueError, match=message) as caught:
        mnist.load_data()
    assert name in str(caught.value)
