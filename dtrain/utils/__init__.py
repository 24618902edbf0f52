"""Helpers for scripts: seeds, one-hot rows, padded sequences, progress, files."""

from dtrain.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from dtrain.lazy import attach
from dtrain.saving.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from .categorical import normalize, to_categorical
from .download import get_file
from .dtypes import standardize_dtype
from .progbar import Progbar
from .sequences import PyDataset, Sequence, pad_sequences
from .session import clear_session, set_random_seed
from .splitting import split_dataset
from .symbolic import get_source_inputs, is_keras_tensor

_LAZY = {
    **dict.fromkeys(("array_to_img", "img_to_array", "load_img", "save_img"), "images"),
    **dict.fromkeys(("image_dataset_from_directory", "text_dataset_from_directory"), "folders"),
    "timeseries_dataset_from_array": "timeseries",
    **dict.fromkeys(("model_to_dot", "plot_model"), "model_plot"),
    **dict.fromkeys(("np_utils", "vis_utils"), ""),
    **dict.fromkeys(("pack_x_y_sample_weight", "unpack_x_y_sample_weight"), "batches"),
}
__getattr__, __dir__ = attach(__name__, _LAZY)

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
