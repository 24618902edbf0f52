"""Helpers that bring data into the form of a model's inputs."""

from dtrain.lazy import attach

_NAMES = {
    **dict.fromkeys(("image", "sequence"), ""),
    **dict.fromkeys(("image_dataset_from_directory", "text_dataset_from_directory"), ".utils.folders"),
    "timeseries_dataset_from_array": ".utils.timeseries",
}
__getattr__, __dir__ = attach(__name__, _NAMES)
__all__ = [*_NAMES]
