"""Larger images."""

from __future__ import annotations

from typing import Any

from dtrain import ops
from dtrain.ops.interpolation import METHODS, resize

from ..arguments import one_of, plain_attributes
from .base_up_sampling import BaseUpSampling


class UpSampling2D(BaseUpSampling):
    """Images enlarged by the factors `size`, by repetition of pixels or by interpolation.

    Args:
        size: factors of height and width, or one for both.
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
    """

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(2, size, data_format, **kwargs)
        self.interpolation = one_of("UpSampling2D", "interpolation", interpolation, METHODS)

    def call(self, inputs: Any) -> Any:
        """The enlarged images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self.data_format == "channels_first"
        images = ops.moveaxis(inputs, 1, -1) if first else inputs
        height, width = (int(n) * factor for n, factor in zip(images.shape[1:3], self.size, strict=True))
        images = resize(images, height, width, self.interpolation)
        return ops.moveaxis(images, -1, 1) if first else images

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "interpolation")}
