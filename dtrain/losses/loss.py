"""The base of all losses: from targets and predictions to one number for the global batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtrain import config, ops
from dtrain.graph import Tensor, as_tensor
from dtrain.graph.nest import map_structure
from dtrain.utils.naming import auto_name

from .reduction import Reduced, combine_masks, reduce_weighted, standardize_reduction


def compute_dtype(dtype: Any) -> str:
    """The name of the dtype that a loss or metric computes in: `config.floatx()` for None.

    Raises:
        ValueError: for what is neither a dtype nor the configuration of Keras's `DTypePolicy`.
    """
    if dtype is None:
        return config.floatx()
    name = dtype.get("config", {}).get("name") if isinstance(dtype, dict) else dtype
    try:
        return str(np.dtype(getattr(name, "compute_dtype", name)).name)
    except TypeError:
        raise ValueError(f"Expected a dtype, for example 'float32'. Received: dtype={dtype!r}") from None


class Loss:
    """A measure of the distance between targets and predictions, to be minimised.

    Args:
        name: for messages and logs; made from the class name if None.
        reduction: `"sum_over_batch_size"` (or `"mean"`): the sum divided by the number of entries, weights do not
            change the divisor; `"mean_with_sample_weight"`: divided by the sum of the weights; `"sum"`: not divided;
            `"none"` or None: one value for each entry.
        dtype: dtype of the computation (default: `config.floatx()`).

    Subclasses write `call(y_true, y_pred)`, which returns one value for each row (or for each time step of each row).
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._given_dtype = dtype
        self._dtype = compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        return self._dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value for each row."""
        raise NotImplementedError(f"{type(self).__name__} has no method `call(y_true, y_pred)`: write one")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of the global batch.

        Args:
            sample_weight: one factor for each row, or for each value of `call`. Entries that the predictions' mask
                hides count nothing.

        Raises:
            ValueError: when the shapes do not belong together.
        """
        return self._reduce(y_true, y_pred, sample_weight).whole()

    def partial(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """This process's part of the loss: the sum of the parts over all processes is the loss of the global batch.

        Divisors are counted over the global batch, so the gradients of the parts add up as well.
        """
        if type(self).__call__ is not Loss.__call__:  # a subclass that reduces by itself
            return Reduced(as_tensor(self(y_true, y_pred, sample_weight)), False).part()
        return self._reduce(y_true, y_pred, sample_weight).part()

    def _reduce(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Reduced:
        mask = getattr(y_pred, "_keras_mask", None)
        values = self.call(self._targets(y_true), map_structure(self._convert, y_pred))
        mask = combine_masks(mask, getattr(values, "_keras_mask", None))
        return reduce_weighted(self.name, self._convert(values), sample_weight, mask, self.reduction, self.dtype)

    def _convert(self, value: Any) -> Tensor:
        return ops.cast(as_tensor(value), self.dtype)

    def _targets(self, y_true: Any) -> Any:
        return map_structure(self._convert, y_true)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values. Subclasses add their own."""
        given = {} if self._given_dtype is None else {"dtype": self.dtype}
        return {"name": self.name, "reduction": self.reduction, **given}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The loss that `get_config` describes."""
        if config.get("reduction") == "auto":  # the default's name in Keras 2
            config = {**config, "reduction": "sum_over_batch_size"}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
