"""Images changed in brightness, contrast, saturation and hue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation
from .random_brightness import RandomBrightness
from .random_contrast import RandomContrast
from .random_hue import RandomHue
from .random_saturation import RandomSaturation


class RandomColorJitter(BaseColorAugmentation):
    """`RandomBrightness`, `RandomContrast`, `RandomSaturation` and `RandomHue`, one after the other.

    Args:
        brightness_factor, contrast_factor, saturation_factor, hue_factor: the factors of these layers; None: left out.

    All other arguments as in `BaseColorAugmentation`.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        kinds = (
            (RandomBrightness, brightness_factor), (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor), (RandomHue, hue_factor),
        )  # fmt: skip
        common: dict[str, Any] = {
            "value_range": value_range,
            "data_format": "channels_last",
            "dtype": self.dtype_policy,
        }
        seeds = [None if seed is None else seed + place for place in range(len(kinds))]
        self._parts: list[BaseColorAugmentation] = [
            kind(factor, seed=own, **common)
            for (kind, factor), own in zip(kinds, seeds, strict=True)
            if factor is not None
        ]

    def augment(self, images: Any) -> Any:
        """The images, changed by each of the layers."""
        for part in self._parts:
            images = part.augment(images)
        return images

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        names = "brightness_factor", "contrast_factor", "saturation_factor", "hue_factor"
        return {**super().get_config(), **plain_attributes(self, *names)}
