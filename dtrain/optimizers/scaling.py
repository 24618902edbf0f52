"""Learning rates for other batch sizes than the one they were found with."""

from __future__ import annotations

import math
from typing import Literal

from dtrain.utils.messages import print_msg


def scale_learning_rate(
    base: float, batch_size: int, base_batch_size: int, rule: Literal["linear", "sqrt"] = "linear", verbose: int = 1
) -> float:
    """Return the learning rate for batches of `batch_size` rows, and print how it came about.

    `linear: base * batch_size / base_batch_size` is for SGD, with a warm-up, `schedules.WarmUp` (Goyal et al. 2017,
    "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 2.1);
    `sqrt: base * sqrt(batch_size / base_batch_size)` keeps the variance of a step (Krizhevsky 2014, "One weird trick
    for parallelizing convolutional neural networks").

    Batch sizes count the rows of all processes: with the same batch size, the number of processes changes nothing, and
    nothing is to be scaled.

    Args:
        base: the rate that suits `base_batch_size`.
        batch_size: rows of a step.
        base_batch_size: rows of the step that `base` was found with.
        rule: "linear" or "sqrt".
        verbose: 0: print nothing.

    Raises:
        ValueError: a size is not positive, `base` is negative, or there is no such rule.
    """
    for name, value in (("batch_size", batch_size), ("base_batch_size", base_batch_size)):
        if value < 1:
            raise ValueError(f"scale_learning_rate: {name} must be positive. Received: {name}={value!r}")
    if not base >= 0:
        raise ValueError(f"scale_learning_rate: base must be >= 0. Received: base={base!r}")
    if rule not in ("linear", "sqrt"):
        raise ValueError(f"scale_learning_rate: rule must be 'linear' or 'sqrt'. Received: rule={rule!r}")
    ratio = batch_size / base_batch_size
    rate = base * (ratio if rule == "linear" else math.sqrt(ratio))
    if verbose:
        print_msg(
            f"learning rate {rate:g} = {base:g} scaled ({rule}) from batches of {base_batch_size} rows to {batch_size}"
        )
    return rate
