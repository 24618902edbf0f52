"""What `fit` does about a loss or a gradient that is no number: all processes decide alike, before a step is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dtrain.distributed.agreement import all_sound
from dtrain.distributed.console import say
from dtrain.graph import Array, Variable

from .data import Batch, Triple
from .finite import describe_data, describe_weights

if TYPE_CHECKING:
    from .session import Session

Report = tuple[str, str, int]
"""What is wrong, why, and how near the cause is: `_IN_DATA`, `_IN_RANK` or `_IN_SUM`."""
_IN_DATA, _IN_RANK, _IN_SUM = 2, 1, 0
ON_NAN = ("raise", "skip", "stop")
_ENDING = {
    "raise": "To go on without such steps, use fit(on_nan='skip'); to end such a training without an error, "
    "fit(on_nan='stop').",
    "skip": "Training goes on with the next one, as on_nan='skip' says.",
    "stop": "Training ends here, as on_nan='stop' says.",
}


def check_on_nan(on_nan: str) -> None:
    """Raise ValueError unless `on_nan` is one of `ON_NAN`."""
    if on_nan not in ON_NAN:
        raise ValueError(f"on_nan must be one of {', '.join(map(repr, ON_NAN))}. Received: on_nan={on_nan!r}")


class NanGuard:
    """Looks at the loss and the gradients of each step on every process, and lets all of them make it or none.

    Args:
        session: whose steps are looked at.
        on_nan: "raise" an error, "skip" the step, or "stop" training without it.
        moment: gives epoch and step within it, both from 0.
        data: gives the data in which the cause may lie: those of a whole source in memory, else of the batch.
    """

    def __init__(
        self, session: Session, on_nan: str, moment: Callable[[], tuple[int, int]], data: Callable[[Batch], Triple]
    ) -> None:
        self._session = session
        self._on_nan = on_nan
        self._moment, self._data = moment, data
        self._before: list[tuple[Array, Array]] = []
        self._waiting: Report | None = None

    def before_step(self, assigned: Sequence[Variable]) -> None:
        """Keep what the step will overwrite besides the weights: moving statistics, sums of metrics."""
        arrays = [variable.array for variable in assigned]
        if self._session.cache.shards is not None:
            arrays += [a for own in self._session.cache.shards.sums.parts for a in own.values()]
        self._before = [(array, array.copy()) for array in arrays]

    @property
    def can_wait(self) -> bool:
        """Whether the processes may decide about several steps at once."""
        return self._on_nan == "raise"

    def accepts(self, loss: float, place: int | None, batch: Batch, wait: bool = False) -> bool:
        """Return whether the step is to be made. Every process must call it.

        Args:
            loss: this process's part of it.
            place: of the first gradient that this process saw to be no number, its own or a sum; None: all are.
            batch: this process's rows.
            wait: decide with the next step instead, without asking the other processes now.

        Raises:
            FloatingPointError: on all processes alike, if `on_nan` is "raise" and a number of one of them is none.
            DesyncError: the processes are not at the same step.
        """
        communicator = self._session.communicator
        of_sum = self._session.sees_sums and not wait
        waited = self._waiting is not None
        if not waited and not (math.isfinite(loss) and place is None):
            self._waiting = self._seen(loss, place, batch, _IN_SUM if of_sum and math.isfinite(loss) else _IN_RANK)
        if wait:
            return True
        found, self._waiting = self._waiting, None
        if all_sound(communicator, found is None, self._session.optimizer.step_count):
            return True
        for array, before in self._before:
            array[...] = before
        if of_sum and not waited:
            found = self._nearer(found, loss, batch)
        message = self._message(communicator.allgather(found))
        if self._on_nan == "raise":
            raise FloatingPointError(message)
        say(message)
        self._session.model.stop_training |= self._on_nan == "stop"
        return False

    def _nearer(self, found: Report | None, loss: float, batch: Batch) -> Report | None:
        """What is wrong, now that something is: in this process's own gradients rather than in the sum of all."""
        place = self._session.synchronizer.own_not_finite()
        return found if place is None else self._seen(loss, place, batch, _IN_RANK)

    def _seen(self, loss: float, place: int | None, batch: Batch, near: int) -> Report:
        """What is wrong as it is seen here; in the data, if there is something in them, else as `near` says."""
        wrong = [] if math.isfinite(loss) else [f"the loss is {loss}"]
        parameters = self._session.cache.parameters
        if place is not None and parameters is not None:
            holder = next(v for v, s in zip(parameters.variables, parameters.slices, strict=True) if s.stop > place)
            wrong.append(f"the gradient of {holder.path} is not finite")
        if describe_data((batch.x, batch.y, batch.sample_weight)) is not None:
            near = _IN_DATA
        cause = describe_data(self._data(batch)) or describe_weights(self._session.model.weights)
        epoch, step = self._moment()
        return f"{' and '.join(wrong)} in epoch {epoch + 1}, step {step + 1}", cause, near

    def _message(self, reports: Sequence[Report | None]) -> str:
        found = {rank: report for rank, report in enumerate(reports) if report is not None}
        # Sums over all processes, as in batch normalization, take what is in the data of one to all others.
        first = max(found, key=lambda rank: (found[rank][2], -rank))
        wrong, cause, _ = found[first]
        where = f"on rank {first} of {len(reports)} " if len(reports) > 1 else ""
        count = sum(report[2] >= min(_IN_RANK, found[first][2]) for report in found.values()) - 1
        others = f" (and something on {count} other ranks)" if count else ""
        return f"fit: {where}{wrong}{others}, so that step was not made. {cause} {_ENDING[self._on_nan]}"
