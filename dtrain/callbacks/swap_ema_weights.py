"""Evaluation with averaged weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in place of the weights while the model is evaluated or used.

    Args:
        swap_on_epoch: also between epochs, so that what is saved there holds the averages.

    Raises:
        ValueError: when the optimizer keeps no averages (`use_ema=False`).
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _swap(self, wanted: bool) -> None:
        """Exchange weights and averages unless the wanted ones are in place."""
        if wanted == self._swapped:
            return
        for variable, average in self._pairs():
            weights = variable.numpy()
            variable.array[...] = average.array
            average.array[...] = weights
        self._swapped = wanted

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        averages = optimizer.averages()
        if not averages:
            raise ValueError("SwapEMAWeights: expected an optimizer that was made with use_ema=True and has been built")
        return list(zip(optimizer.trained_variables, averages, strict=True))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.swap_on_epoch:
            return
        self._swap(True)
        if epoch == self.params.get("epochs", 0) - 1:
            # The end of fit puts the averages in place of the weights: by now they are there.
            for variable, average in self._pairs():
                average.array[...] = variable.array

    def on_test_begin(self, logs: Logs = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def state(self) -> dict[str, Any]:
        return {"swapped": self._swapped}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._swapped = state["swapped"]
