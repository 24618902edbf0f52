"""The middle of images."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops
from dtrain.ops.interpolation import centered, cropped_to_ratio, resize

from ..arguments import plain_attributes, positive_int
from ..layer import Layer


class CenterCrop(Layer):
    """The middle part, of `height` and `width`, of images (N, H, W, C) or of one image (H, W, C).

    Of smaller images, the largest middle part of these proportions, resized.

    Args:
        height, width: of the output.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int("CenterCrop", "height", height)
        self.width = positive_int("CenterCrop", "width", width)
        self.data_format = config.standardize_data_format(data_format)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The cropped images."""
        x = ops.cast(inputs, self.compute_dtype)
        alone, first = len(x.shape) == 3, self.data_format == "channels_first"
        x = ops.expand_dims(x, 0) if alone else x
        x = ops.moveaxis(x, 1, -1) if first else x
        if int(x.shape[1]) >= self.height and int(x.shape[2]) >= self.width:
            y = centered(x, self.height, self.width)
        else:
            y = resize(cropped_to_ratio(x, self.height, self.width), self.height, self.width)
        y = ops.moveaxis(y, -1, 1) if first else y
        return ops.squeeze(y, 0) if alone else y

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "height", "width", "data_format")}
