"""What the layers that change colours by a factor of its own for each image have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..arguments import plain_attributes
from .base_color_augmentation import BaseColorAugmentation, share_range


class BaseFactorAugmentation(BaseColorAugmentation):
    """Draws a factor for each image.

    Args:
        factor: smallest and largest factor, in [0, 1]; a number f means the range between `start` and f.

    All other arguments as in `BaseColorAugmentation`.
    """

    start: ClassVar[float] = 0.0
    """Where the range of a single number begins."""

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = factor
        self._range = share_range(type(self).__name__, "factor", factor, start=self.start)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "factor")}
