"""One answer of all ranks about each step: was it sound everywhere, and was it the same step?"""

from __future__ import annotations

import numpy as np

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.errors import DesyncError
from dtrain.distributed.guard import sides

_RANGE = 1 << 20  # numbers of steps are compared modulo this, so that sums of their squares stay exact


def all_sound(communicator: Communicator, sound: bool, step: int) -> bool:
    """Return whether the step is sound on every rank. Every rank must call it; three numbers are summed.

    Raises:
        DesyncError: on every rank alike, when they do not stand at the same step.
    """
    if communicator.size == 1:
        return sound
    number = step % _RANGE
    sums = np.array([not sound, number, number * number], np.int64)
    communicator.Allreduce(sums)
    unsound, total, squares = (int(value) for value in sums)
    if communicator.size * squares != total * total:  # equal only if all numbers are (Cauchy and Schwarz)
        steps = [str(other) for other in communicator.allgather(step)]
        raise DesyncError(
            f"Ranks are not at the same step: {sides(steps)}. Gradients of different steps were added up: one rank "
            "made a step that others did not. Call fit, train_on_batch and the like on all ranks alike."
        )
    return unsound == 0
