"""Measures, in about two seconds, what sums over ranks cost here: latency, bandwidth, adding."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.reduction import SharedMemory

SIZES = (64, 16_384, 131_072, 524_288, 1_048_576)  # float32 values: 256 bytes to 4 MB
_TIME_S = 0.12  # for each size
_LOW = 0.1  # within a host: other programs only make a time longer
_MEDIAN = 0.5  # between hosts: a link that lets short bursts pass more quickly is not as fast as that
Line = tuple[float, float]


@dataclass(frozen=True)
class Probe:
    """What was measured; None where there was nothing to measure.

    Attributes:
        ranks, hosts: of this job.
        barrier_s: of all ranks of a host.
        allreduce: MPI's sum on this job: seconds, seconds a byte.
        shared: the sum in shared memory on a host: seconds, seconds a byte.
        network: the sum between hosts, of the parts of all ranks of a host at once: seconds, seconds a byte.
        add_s_per_byte: adding two arrays.
    """

    ranks: int
    hosts: int
    barrier_s: float
    allreduce: Line
    shared: Line | None
    network: Line | None
    add_s_per_byte: float

    @property
    def node_latency_s(self) -> float:
        """Of a message between ranks of a host, as a barrier of p takes log2(p) of them."""
        return self.barrier_s / max(1.0, math.log2(self.ranks / self.hosts)) if self.ranks > self.hosts else 0.0

    @property
    def shared_s_per_byte(self) -> float:
        """Of memory that ranks share: a rank reads its part of p arrays and writes one."""
        local = self.ranks // self.hosts
        slope = (self.shared or self.allreduce)[1]
        return slope / (1 + 1 / local)

    @property
    def network_latency_s(self) -> float | None:
        """Of a message between hosts."""
        return None if self.network is None else self.network[0] / (2 * math.log2(self.hosts))

    @property
    def network_s_per_byte(self) -> float | None:
        """Of the link of a host."""
        return None if self.network is None else self.network[1] * self.hosts / (2 * (self.hosts - 1))


def probe(communicator: Communicator) -> Probe:
    """Measure. Every rank of a job of at least 2 must call it; all get the same answer."""
    node, peers = communicator.node, communicator.peers
    barrier = _slowest(communicator, node.Barrier)
    whole = [_slowest(communicator, partial(communicator.Allreduce, np.zeros(n, np.float32))) for n in SIZES]
    shared = _shared_times(communicator) if communicator.even and node.size > 1 else None
    between = None
    if peers.size > 1:
        parts = [np.zeros(n // node.size, np.float32) for n in SIZES]
        between = [_slowest(communicator, partial(peers.Allreduce, part), _MEDIAN) for part in parts]
    a, b = (np.zeros(SIZES[-1], np.float32) for _ in range(2))
    add = _slowest(communicator, lambda: np.add(a, b, out=a)) / a.nbytes
    return Probe(
        communicator.size,
        peers.size,
        barrier,
        fit_line(SIZES, whole),
        None if shared is None else fit_line(SIZES, shared),
        None if between is None else fit_line(SIZES, between),
        add,
    )


def _shared_times(communicator: Communicator) -> list[float] | None:
    """Of the reduction within a host, by size; None where no memory can be shared."""
    times = []
    for n in SIZES:
        way = SharedMemory(communicator.node, sharded=True)
        try:
            way.gradients(n, np.float32)
        except SharedMemoryError:
            return None
        times.append(_slowest(communicator, partial(_add_and_publish, way, n)))
    return times


def _add_and_publish(way: SharedMemory, count: int) -> None:
    way.add(slice(0, count))
    way.publish()


def fit_line(counts: Sequence[int], seconds: Sequence[float]) -> Line:
    """Return (seconds, seconds a byte) of the line through times of float32 arrays with the least relative error.

    Both are at least 0.
    """
    nbytes = 4.0 * np.asarray(counts)
    times = np.asarray(seconds)
    weights = 1 / times
    design = np.stack([weights, nbytes * weights], axis=1)
    (start, slope), *_ = np.linalg.lstsq(design, np.ones_like(times), rcond=None)
    if start < 0:
        start, slope = 0.0, float(np.sum(nbytes * weights) / np.sum((nbytes * weights) ** 2))
    if slope < 0:
        start, slope = float(np.sum(weights) / np.sum(weights**2)), 0.0
    return float(start), float(slope)


def _slowest(communicator: Communicator, call: Callable[[], object], quantile: float = _LOW) -> float:
    """The time of a call, of the slowest rank."""
    call()
    start = time.perf_counter()
    _timed(communicator, call)  # with its barrier, which takes long where ranks share a core
    repeats = communicator.bcast(int(min(200, max(10, _TIME_S / (time.perf_counter() - start)))))
    times = [_timed(communicator, call) for _ in range(repeats)]
    return max(communicator.allgather(float(np.quantile(times, quantile))))


def _timed(communicator: Communicator, call: Callable[[], object]) -> float:
    communicator.Barrier()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
