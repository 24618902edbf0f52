"""Data sets and what divides them among ranks; a module is loaded, and a file read, when it is first used."""

from dtrain.lazy import attach

_NAMES = {
    **dict.fromkeys(
        (
            "boston_housing",
            "california_housing",
            "cifar10",
            "cifar100",
            "digits",
            "fashion_mnist",
            "idx",
            "imdb",
            "loader",
            "mnist",
            "reuters",
            "sampler",
        ),
        "",
    ),
    "HDF5Data": "hdf5_data",
}
__getattr__, __dir__ = attach(__name__, _NAMES)
__all__ = [*_NAMES]
