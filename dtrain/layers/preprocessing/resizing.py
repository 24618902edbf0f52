"""Images of one size."""

from __future__ import annotations

from typing import Any

from dtrain import config, ops
from dtrain.ops.interpolation import METHODS

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer


class Resizing(Layer):
    """Images (N, H, W, C), or one image (H, W, C), as images of `height` and `width`.

    Args:
        height, width: of the output.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: cut away what does not fit the output's proportions, instead of distorting.
        pad_to_aspect_ratio: add borders of `fill_value`, instead of distorting.
        fill_mode: of the borders; only "constant".
        fill_value: of the borders.
        antialias: whether smaller images are averaged over all the pixels that they stand for.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height = positive_int("Resizing", "height", height)
        self.width = positive_int("Resizing", "width", width)
        self.interpolation = one_of("Resizing", "interpolation", interpolation, METHODS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("Resizing: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = one_of("Resizing", "fill_mode", fill_mode, ("constant",))
        self.fill_value = fill_value
        self.antialias = antialias
        self.data_format = config.standardize_data_format(data_format)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The resized images."""
        return ops.image.resize(
            ops.cast(inputs, self.compute_dtype), (self.height, self.width), self.interpolation, self.antialias,
            self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value, self.data_format,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {
            **super().get_config(),
            **plain_attributes(
                self, "height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode",
                "fill_value", "antialias", "data_format",
            ),
        }  # fmt: skip
