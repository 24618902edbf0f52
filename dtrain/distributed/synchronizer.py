"""Sums over the ranks: the flat gradients of a step, slice by slice as they become ready."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.finite import first_not_finite
from dtrain.distributed.reduction import Reduction

BUCKET_BYTES = 2**21
"""Over 1 Gbit/s between two hosts played by one busy machine, sums of 9 and 21 MB that begin during the backward pass,
in pieces of 1 MB, shortened a step by 3 to 12 %; of up to 2 MB, a second exchange cost more than it hid."""

_MOST_BUCKETS = 8  # the ranks of a host wait for one another before each


class Synchronizer:
    """Sums the gradients of one model over all ranks.

    ```
    for each parameter, as the backward pass completes it: synchronizer.on_ready(slice)
    synchronizer.finish()      # gradients[region] = sum(gradients[region] of rank r for r in range(size))
    ...                        # update values[region]
    synchronizer.publish()     # all values are up to date on all ranks
    ```

    All ranks must announce the same slices in the same order. With one rank nothing is summed.

    Attributes:
        watching: whether to look for gradients that are NaN or infinite: this rank's own, or its region of the sum,
            which is shorter, and no number where a term is none.
        holding: whether gradients are added up on each rank by itself instead, for a later step that sums them.
        held: whether there are such gradients.
    """

    def __init__(self, communicator: Communicator, reduction: Reduction, bucket_bytes: int = BUCKET_BYTES) -> None:
        """Use `reduction`, whose gradients have been made.

        Args:
            communicator: the ranks.
            reduction: how the gradients are added, and where they lie.
            bucket_bytes: the sum of adjoining slices is begun as soon as they hold so many bytes and an eighth of all.

        Raises:
            ValueError: `bucket_bytes` is not positive.
        """
        if bucket_bytes <= 0:
            raise ValueError(f"Synchronizer: bucket_bytes must be positive. Received: bucket_bytes={bucket_bytes}")
        self.communicator = communicator
        self.reduction = reduction
        self.gradients: Array = reduction.own_gradients
        smallest = -(-self.gradients.size // _MOST_BUCKETS)
        self._bucket = max(1, smallest, bucket_bytes // self.gradients.itemsize)  # elements
        self._ready: list[slice] = []  # not yet summed
        self._summed: list[slice] = []
        self.watching = False
        self._not_finite: int | None = None
        self.holding = False
        self.held = False
        self._kept: Array | None = None

    @property
    def region(self) -> slice | None:
        """The part of the flat arrays that this rank updates; None: all of it."""
        return self.reduction.region

    @property
    def listener(self) -> Callable[[slice], None] | None:
        """`on_ready`, or None when sums gain nothing by being begun before the backward pass has ended."""
        return self.on_ready if self.communicator.size > 1 and self.reduction.overlaps else None

    def on_ready(self, part: slice) -> None:
        """Take note that `gradients[part]` is complete and will not be written again in this step.

        Raises:
            ValueError: a part of it was announced before in this step, and would be summed twice.
        """
        if self.communicator.size == 1 or self.holding or part.start == part.stop:
            return
        for other in (*self._ready, *self._summed):
            if part.start < other.stop and other.start < part.stop:
                raise ValueError(
                    f"Synchronizer: a slice must be announced once per step. Received: {part}, which overlaps {other}"
                )
        if self._ready and part.start == self._ready[-1].stop:
            part = slice(self._ready.pop().start, part.stop)
        self._ready.append(part)
        if part.stop - part.start >= self._bucket:
            self._sum(self._ready.pop())
        self.reduction.poll()

    def finish(self) -> None:
        """Sum everything that is not summed yet, in one piece where it adjoins, and be ready for the next step.

        While `holding`, keep the gradients for the sum of a later step: nothing is sent.
        """
        end = len(self.gradients)
        if self.communicator.size == 1:
            self._look(slice(0, end))
            return
        if self.holding:
            self._look(slice(0, end))
            self._keep()
            return
        start = 0
        for done in (*sorted(self._summed, key=lambda part: part.start), slice(end, end)):
            if start < done.start:
                self._sum(slice(start, done.start))
            start = done.stop
        self.reduction.complete()
        if self.region is not None:
            self._look(self.region)
        self._ready.clear()
        self._summed.clear()
        self.held = False

    def sum_held(self) -> None:
        """Sum what is held as if a step without gradients followed."""
        self.gradients[...] = 0
        self.finish()

    def take_not_finite(self) -> int | None:
        """Return the lowest place where this rank saw a gradient that is no number in the last step; None: nowhere."""
        place, self._not_finite = self._not_finite, None
        return place

    def own_not_finite(self) -> int | None:
        """Return the lowest place outside of its region where this rank's own gradients are no numbers.

        Those within are overwritten by their sum.
        """
        region = self.region or slice(0, 0)
        for part in (slice(0, region.start), slice(region.stop, len(self.gradients))):
            found = first_not_finite(self.gradients[part])
            if found is not None:
                return part.start + found
        return None

    def publish(self) -> None:
        """Wait until all ranks have updated their parts."""
        self.reduction.publish()

    def _look(self, part: slice) -> None:
        found = first_not_finite(self.gradients[part]) if self.watching else None
        if found is not None:
            place = part.start + found
            self._not_finite = place if self._not_finite is None else min(place, self._not_finite)

    def _keep(self) -> None:
        if self._kept is None:
            self._kept = np.empty_like(self.gradients)
        if self.held:
            self._kept += self.gradients
        else:
            self._kept[...] = self.gradients
        self.held = True

    def _sum(self, part: slice) -> None:
        if self.region is None:
            self._look(part)
        if self.held and self._kept is not None:
            self.gradients[part] += self._kept[part]
        self.reduction.begin(part)
        self._summed.append(part)
