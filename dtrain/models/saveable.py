"""What models have to do with files and configurations: mixed into `Model`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dtrain.layers.layer import Layer

if TYPE_CHECKING:
    from .model import Model

Config = dict[str, Any]


class Saveable(Layer):
    """Methods that write a model, or parts of it, and read them again."""

    def save(self: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write architecture, weights, what `compile` was told and the optimizer's state.

        Args:
            filepath: ends in `.keras` (Keras 3), or in `.h5` or `.hdf5` (the whole-model format of Keras 1 and 2).
            overwrite: whether a file that is there may be replaced.
            zipped: False: a folder in place of a zip archive. None: a folder only for a path without an ending.

        Raises:
            ValueError: for another ending.
            FileExistsError: see `overwrite`.
            CheckpointError: when the file cannot be written; what was there is as it was.
        """
        from dtrain.saving.model_file import save_model

        save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(
        self: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
    ) -> None:
        """Write all weights (and the optimizer's state) to `filepath`, which ends in `.weights.h5`."""
        from dtrain.saving.weights_file import save_weights

        save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    def load_weights(self: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read weights that `save_weights` or `save` of dtrain or any Keras wrote."""
        from dtrain.saving.weights_file import load_weights

        load_weights(self, filepath, skip_mismatch, **kwargs)

    def get_config(self: Any) -> Config:
        """The model as plain values, without weights: its graph, or the arguments of its class's constructor."""
        from .config import functional_config

        return functional_config(self, Layer.get_config(self))

    @classmethod
    def from_config(cls: Any, config: Config, custom_objects: Mapping[str, Any] | None = None) -> Model:
        """The model that `get_config` describes, with new variables."""
        from .config import functional_from_config

        return functional_from_config(cls, config, custom_objects)

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON, for `models.model_from_json`; `kwargs` go to `json.dumps`."""
        from dtrain.saving.serialization import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    def get_build_config(self: Any) -> Config | None:
        """The shape that the model was built for, as plain values."""
        from .config import build_config

        return build_config(self)

    def build_from_config(self: Any, config: Config) -> None:
        """Make the variables as `get_build_config` says."""
        if config.get("input_shape") is not None:
            self.build(config["input_shape"])

    def get_compile_config(self: Any) -> Config | None:
        """What `compile` was told, as plain values; None for a model that is not compiled."""
        from .compile_config import compile_config

        return compile_config(self)

    def compile_from_config(self: Any, config: Config) -> None:
        """Compile the model as `get_compile_config` says."""
        from .compile_config import compile_from_config

        compile_from_config(self, config)
