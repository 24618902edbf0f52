"""Functions as losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dtrain.graph import as_tensor
from dtrain.graph.nest import flatten, map_structure, pack_as
from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object

from .loss import Loss
from .shapes import squeeze_or_expand_to_same_rank


def with_function(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a wrapper with the function itself as `fn`: Keras 3 writes a dict, Keras 2 its name."""
    if "fn" not in config:
        return config
    found: dict[str, Any] = deserialize_keras_object(config)
    if isinstance(found["fn"], str):
        found["fn"] = deserialize_keras_object({"class_name": "function", "config": found["fn"]})
    return found


class LossFunctionWrapper(Loss):
    """The loss `fn(y_true, y_pred, **kwargs)`, a function that returns one value for each row.

    Where the ranks of targets and predictions differ by one and the longer shape ends in 1, that axis is dropped, or
    added to the shorter one.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        true, pred = flatten(y_true), flatten(y_pred)
        if len(true) == len(pred):
            pairs = [squeeze_or_expand_to_same_rank(t, p) for t, p in zip(true, pred, strict=True)]
            y_true, y_pred = pack_as(y_true, (t for t, _ in pairs)), pack_as(y_pred, (p for _, p in pairs))
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def _targets(self, y_true: Any) -> Any:
        # The functions of dtrain cast targets themselves; class numbers stay integers.
        if str(getattr(self.fn, "__module__", "")).startswith("dtrain."):
            return map_structure(as_tensor, y_true)
        return super()._targets(y_true)

    def get_config(self) -> dict[str, Any]:
        function = {"fn": serialize_keras_object(self.fn)}
        return {**super().get_config(), **function, **serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super().from_config(with_function(config))

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self.fn}, kwargs={self._fn_kwargs})>"


class FunctionLoss(LossFunctionWrapper):
    """Base of the losses that stand for one function of dtrain: the configuration holds the function's arguments."""

    def get_config(self) -> dict[str, Any]:
        return {**Loss.get_config(self), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        # Keras 2 wrote the function beside its arguments.
        return super().from_config({key: value for key, value in config.items() if key != "fn"})
