"""Fashion-MNIST: 70,000 images of clothes in 10 classes (Xiao, Rasul and Vollgraf 2017), in the form of MNIST."""

from __future__ import annotations

from .files import keras_folder, search_folders
from .idx import read_idx
from .keras_cache import Array

Pair = tuple[Array, Array]
_ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def load_data() -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x uint8 (n, 28, 28), y uint8 (n,).

    Raises:
        FileNotFoundError: the files are nowhere; the message says where to put them.
        ValueError: for a damaged file.
    """
    folders = [folder for name in ("fashion-mnist", "fashion_mnist") for folder in search_folders(name)]
    own = [folder for folder in folders if folder.name.startswith("fashion")]  # elsewhere, the names mean MNIST
    for folder in [*own, keras_folder() / "fashion-mnist"]:
        places = [next((p for p in (folder / f"{n}.gz", folder / n) if p.is_file()), None) for n in _FILES]
        if None not in places:
            x_train, y_train, x_test, y_test = (read_idx(place) for place in places if place is not None)
            return (x_train, y_train), (x_test, y_test)
    raise FileNotFoundError(
        f"fashion_mnist.load_data: the four files are nowhere. Get {', '.join(f'{n}.gz' for n in _FILES)} from "
        f"{_ADDRESS} and put them into {keras_folder() / 'fashion-mnist'}, or into a folder fashion-mnist of the one "
        "that DTRAIN_DATA_DIR names"
    )
