"""Training stops when the loss is not a number any more."""

from __future__ import annotations

import math

from dtrain.utils.messages import print_msg

from .callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stops training after a step whose loss is NaN or infinite.

    Without it, `fit` raises an error before that step changes the weights.

    Args:
        raise_error: raise RuntimeError in place of stopping.
    """

    handles_nan = True  # fit makes the step for a callback that says so

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} at batch {batch}")
        print_msg(f"Batch {batch}: the loss is {loss}, terminating training")
        self.model.stop_training = True
