"""Pairs of values as numbers of a fixed range."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain.graph import Tensor, as_tensor

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer
from .encoding import encode
from .hashing import bin_of


class HashedCrossing(Layer):
    """The values of two or more features together as one number in [0, num_bins), by a hash (see `Hashing`).

    Args:
        num_bins: how many numbers there are.
        output_mode: "int", or "one_hot" vectors.
        sparse: only False.
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        if sparse:
            raise ValueError("HashedCrossing: sparse tensors are not supported. Use sparse=False")
        self.num_bins = positive_int("HashedCrossing", "num_bins", num_bins)
        self.output_mode = one_of("HashedCrossing", "output_mode", output_mode, ("int", "one_hot"))
        self.sparse = sparse
        self.autocast = False
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The numbers, or vectors.

        Args:
            inputs: a list of arrays of one shape, (rows,) or (rows, 1).
        """
        if any(isinstance(x, Tensor) and x.array is None for x in inputs):
            raise ValueError(
                f"HashedCrossing {self.name!r} cannot be a part of a model: call it on the data before. "
                "Received: the symbolic input of a model"
            )
        features = [np.asarray(x) for x in inputs]
        if len(features) < 2 or len({x.shape for x in features}) > 1:
            shapes = ", ".join(str(x.shape) for x in features)
            raise ValueError(f"HashedCrossing: expected two or more arrays of one shape. Received: {shapes}")
        together = zip(*(x.ravel().tolist() for x in features), strict=True)
        texts = ("\0".join(v.decode() if isinstance(v, bytes) else str(v) for v in values) for values in together)
        numbers = np.fromiter((bin_of(text, self.num_bins) for text in texts), np.int64, features[0].size)
        return encode(
            as_tensor(numbers.reshape(features[0].shape)), self.output_mode, self.num_bins, self.compute_dtype
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "num_bins", "output_mode", "sparse")}
