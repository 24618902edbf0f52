"""What the layers that move, turn and scale images at random have in common. N images, H W C."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Array
from dtrain.ops.sampling import FILL_MODES, INTERPOLATIONS, sample

from ..arguments import one_of, plain_attributes
from .base_image_augmentation import BaseImageAugmentation


class BaseRandomTransform(BaseImageAugmentation):
    """Reads every image at places that were moved in a way of its own.

    Args:
        fill_mode: what lies outside of the image: "reflect", "wrap", "constant" or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: gives the layer a stream of numbers of its own.
        fill_value: with "constant".
        data_format: "channels_last" or "channels_first"; default: that of the configuration.
    """

    def __init__(
        self,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.fill_mode = one_of(type(self).__name__, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = one_of(type(self).__name__, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = fill_value

    def places(self, images: Any, rows: Array, columns: Array) -> tuple[Any, Any]:
        """Where each pixel of the output is read, (N, H, W); `rows` (1, H, 1), `columns` (1, 1, W) from the center."""
        raise NotImplementedError

    def augment(self, images: Any) -> Any:
        """The transformed images."""
        middle = [(int(n) - 1) / 2 for n in images.shape[1:3]]
        rows = (np.arange(images.shape[1]) - middle[0]).astype(self.compute_dtype)[None, :, None]
        columns = (np.arange(images.shape[2]) - middle[1]).astype(self.compute_dtype)[None, None, :]
        y, x = self.places(images, rows, columns)
        still = 0.0 * rows + 0.0 * columns  # (1, H, W): gives both places all axes
        places = (y + middle[0] + still, x + middle[1] + still)
        return sample(images, *places, self.fill_mode, self.interpolation, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "fill_mode", "interpolation", "fill_value")}


def factor_range(layer: str, name: str, factor: Any, lowest: float = float("-inf")) -> tuple[float, float]:
    """`factor` as (low, high): a number f means (-f, f).

    Raises:
        ValueError: for anything else, or a number below `lowest`.
    """
    pair = (-abs(factor), abs(factor)) if isinstance(factor, (int, float)) else tuple(factor)
    if len(pair) != 2 or not lowest <= pair[0] <= pair[1]:
        raise ValueError(
            f"{layer}: {name} must be a number or a pair (low, high) with low <= high. Received: {name}={factor!r}"
        )
    return float(pair[0]), float(pair[1])
