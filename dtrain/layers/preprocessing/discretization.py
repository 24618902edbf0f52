"""Real numbers as numbers of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain import ops
from dtrain.graph import Tensor

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer
from .encoding import encode


class Discretization(Layer):
    """The number of the interval that a value lies in: k with `bin_boundaries[k - 1] <= x < bin_boundaries[k]`.

    Args:
        bin_boundaries: the ends of the intervals, ascending.
        num_bins: instead, the number of intervals whose ends `adapt(data)` finds, with equally many values in each.
        epsilon: accepted as in Keras; quantiles are exact here.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        sparse: only False.
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, name=name, **kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"Discretization: expected bin_boundaries or num_bins. Received: {bin_boundaries=}, {num_bins=}"
            )
        if sparse:
            raise ValueError("Discretization: sparse tensors are not supported. Use sparse=False")
        self.bin_boundaries = None if bin_boundaries is None else [float(b) for b in bin_boundaries]
        self.num_bins = None if num_bins is None else positive_int("Discretization", "num_bins", num_bins)
        self.epsilon = epsilon
        self.output_mode = one_of(
            "Discretization", "output_mode", output_mode, ("int", "one_hot", "multi_hot", "count")
        )
        self.sparse = sparse
        self._build_at_init()

    def adapt(self, data: Any) -> None:
        """Take the quantiles of an array, or of all batches of an iterable, as ends of the intervals."""
        if self.num_bins is None:
            raise ValueError(f"Discretization {self.name!r} has its bin_boundaries already: adapt() needs num_bins")
        arrays = [data] if isinstance(data, (np.ndarray, Tensor)) else data
        values = np.concatenate([np.ravel(np.asarray(a)) for a in arrays])
        shares = np.arange(1, self.num_bins) / self.num_bins
        self.bin_boundaries = [float(b) for b in np.quantile(values, shares)]

    def call(self, inputs: Any) -> Any:
        """The numbers of the intervals, or vectors."""
        if self.bin_boundaries is None:
            raise ValueError(f"Discretization {self.name!r}: call `adapt(data)` first, or give bin_boundaries")
        numbers = ops.digitize(inputs, np.asarray(self.bin_boundaries, inputs.dtype))
        return encode(numbers, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values, and what `adapt` found."""
        config = super().get_config()
        del config["trainable"]  # which Keras's constructor does not take
        return {
            **config,
            **plain_attributes(self, "bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse"),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        """The layer that `get_config` describes."""
        if config.get("num_bins") is None or config.get("bin_boundaries") is None:
            return cls(**config)
        layer = cls(**{**config, "bin_boundaries": None})
        layer.bin_boundaries = [float(b) for b in config["bin_boundaries"]]
        return layer
