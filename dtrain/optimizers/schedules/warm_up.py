"""A learning rate that rises before it follows a schedule of its own."""

from __future__ import annotations

from typing import Any

from dtrain.saving.serialization import deserialize_keras_object, serialize_keras_object
from dtrain.utils.messages import print_msg

from .schedule import LearningRateSchedule, check_steps


class WarmUp(LearningRateSchedule):
    """Rises in a straight line to a rate, or to the first one of a schedule, which then begins.

    ```
    step < warmup_steps: initial_learning_rate + (top - initial_learning_rate) * step / warmup_steps
    afterwards: learning_rate, or learning_rate(step - warmup_steps) if it is a schedule
    ```

    where `top` is `learning_rate`, or `learning_rate(0)`. For large batches: Goyal et al. 2017, "Accurate, large
    minibatch SGD: training ImageNet in 1 hour", section 2.2. It is printed when made.

    Args:
        learning_rate: a number, or the schedule that follows.
        warmup_steps: steps of the rise.
        initial_learning_rate: the rate at step 0.
        name: kept in the configuration.
        verbose: 0: print nothing.

    Raises:
        ValueError: `warmup_steps` is not positive, or `learning_rate` neither a number nor a schedule.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
        name: str = "WarmUp",
        verbose: int = 1,
    ) -> None:
        check_steps(name, warmup_steps=warmup_steps)
        if not isinstance(learning_rate, LearningRateSchedule):
            try:
                learning_rate = float(learning_rate)
            except (TypeError, ValueError):
                raise ValueError(
                    f"{name}: learning_rate must be a number or a LearningRateSchedule. Received: {learning_rate!r}"
                ) from None
        self.learning_rate = learning_rate
        self.warmup_steps = warmup_steps
        self.initial_learning_rate = initial_learning_rate
        self.name = name
        if verbose:
            then = "" if isinstance(learning_rate, float) else f", then follows {type(learning_rate).__name__}"
            print_msg(
                f"{name}: the learning rate rises from {initial_learning_rate:g} to {self._after(0):g} in "
                f"{warmup_steps} steps{then}"
            )

    def __call__(self, step: Any) -> float:
        at = float(step)
        if at >= self.warmup_steps:
            return self._after(at - self.warmup_steps)
        first = float(self.initial_learning_rate)
        return first + (self._after(0) - first) * at / self.warmup_steps

    def _after(self, step: float) -> float:
        return self.learning_rate if isinstance(self.learning_rate, float) else float(self.learning_rate(step))

    def get_config(self) -> dict[str, Any]:
        rate = self.learning_rate
        return {
            "learning_rate": rate if isinstance(rate, float) else serialize_keras_object(rate),
            "warmup_steps": self.warmup_steps,
            "initial_learning_rate": self.initial_learning_rate,
            "name": self.name,
            "verbose": 0,  # what is made again has been told of
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WarmUp:
        """The schedule that `get_config` describes."""
        rate = config["learning_rate"]
        return cls(**{**config, "learning_rate": deserialize_keras_object(rate) if isinstance(rate, dict) else rate})
