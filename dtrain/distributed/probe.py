"""Measures, in about two seconds, what sums over ranks cost here: latency, bandwidth, adding."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.cost_model import network_messages
from dtrain.distributed.errors import SharedMemoryError
from dtrain.distributed.exchange import SliceExchange
from dtrain.distributed.shared_reduction import SharedMemory

SIZES = (64, 16_384, 131_072, 524_288, 1_048_576)  # float32 values: 256 bytes to 4 MB
_TIME_S = 0.12  # for each call
_LEAST = 0.0  # within a host: other programs only make a time longer
_QUARTER = 0.25  # between hosts: a link that lets short bursts pass more quickly is not as fast as that
Line = tuple[float, float]
Call = Callable[[], object]


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
        return None if self.network is None else self.network[0] / network_messages(self.hosts)

    @property
    def network_s_per_byte(self) -> float | None:
        """Of the link of a host."""
        return None if self.network is None else self.network[1] * self.hosts / (2 * (self.hosts - 1))


def probe(communicator: Communicator) -> Probe:
    """Measure. Every rank of a job of at least 2 must call it; all get the same answer.

    Raises:
        ValueError: hosts have different numbers of ranks, of which no one line of the answer would be true.
    """
    node, peers = communicator.node, communicator.peers
    local_sizes = set(communicator.allgather(communicator.local_size))
    if len(local_sizes) > 1:
        raise ValueError(f"Expected as many ranks on every host. Received: hosts of {sorted(local_sizes)} ranks")
    a, b = (np.zeros(SIZES[-1], np.float32) for _ in range(2))
    shared = _shared_sums(node) if node.size > 1 else []
    between = _sums_between(peers, node.size) if peers.size > 1 else []
    whole = [partial(communicator.Allreduce, np.zeros(n, np.float32)) for n in SIZES]
    times = _slowest(communicator, [node.Barrier, partial(np.add, a, b, out=a), *whole, *shared], _LEAST)
    found = iter(times[2:])
    return Probe(
        communicator.size,
        peers.size,
        times[0],
        _line(found, whole),
        _line(found, shared) if shared else None,
        _network_line(communicator, between) if between else None,
        times[1] / a.nbytes,
    )


def _line(times: Iterator[float], calls: Sequence[Call]) -> Line:
    return fit_line(SIZES, [next(times) for _ in calls])


def _network_line(communicator: Communicator, calls: Sequence[Call]) -> Line:
    """One size after the other: a link that rests meanwhile lets bursts pass. The first is for the latency alone."""
    quantiles = [_LEAST, *[_QUARTER] * (len(calls) - 1)]
    return fit_line(SIZES, [_slowest(communicator, [c], q)[0] for c, q in zip(calls, quantiles, strict=True)])


def _shared_sums(node: Communicator) -> list[Call]:
    """The sums within a host, by size; none where no memory can be shared."""
    ways = [SharedMemory(node, sharded=True) for _ in SIZES]
    try:
        for way, n in zip(ways, SIZES, strict=True):
            way.gradients(n, np.float32)
    except SharedMemoryError:
        return []
    return [partial(_add_and_publish, way, n) for way, n in zip(ways, SIZES, strict=True)]


def _add_and_publish(way: SharedMemory, count: int) -> None:
    way.add(slice(0, count))
    way.publish()


def _sums_between(peers: Communicator, parts: int) -> list[Call]:
    """The sums between hosts of one of `parts` parts, by the size of all parts."""
    exchange = SliceExchange(peers)
    return [partial(_exchange, exchange, np.zeros(n // parts, np.float32)) for n in SIZES]


def _exchange(exchange: SliceExchange, part: Array) -> None:
    exchange.start(part)
    exchange.finish()


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


def _slowest(communicator: Communicator, calls: Sequence[Call], quantile: float) -> list[float]:
    """The times of calls, each of the slowest rank. They take turns, so that all see the same of other programs."""
    for call in calls:
        call()
    start = time.perf_counter()
    for call in calls:
        _timed(communicator, call)  # with its barrier, which takes long where ranks share a core
    rounds = communicator.bcast(int(min(200, max(10, len(calls) * _TIME_S / (time.perf_counter() - start)))))
    times = [[_timed(communicator, call) for call in calls] for _ in range(rounds)]
    return [float(t) for t in np.max(communicator.allgather(np.quantile(times, quantile, axis=0)), axis=0)]


def _timed(communicator: Communicator, call: Call) -> float:
    communicator.Barrier()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
