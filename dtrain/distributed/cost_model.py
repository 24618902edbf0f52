"""How long a step of data-parallel training takes on N ranks, as a formula of a few measured numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """What hosts and network do, per rank.

    Attributes:
        ranks_per_host: as many as a host takes before another one is used.
        node_latency_s: of a message between two ranks of a host, α.
        shared_s_per_byte: reading and writing memory that ranks share, all of them at once.
        network_latency_s: of a message between two hosts.
        network_s_per_byte: of the link of a host, β.
        add_s_per_byte: adding a received array to one's own, γ.
    """

    ranks_per_host: int
    node_latency_s: float
    shared_s_per_byte: float
    network_latency_s: float
    network_s_per_byte: float
    add_s_per_byte: float


@dataclass(frozen=True)
class Work:
    """What a model asks for in each step.

    Attributes:
        parameters: number of trained values, float32.
        fixed_s: of forward and backward pass, for any number of rows.
        row_s: of forward and backward pass, for each row.
        update_s: of the optimizer, if one rank updates all parameters.
        sharded: whether the ranks of a host divide the update.
    """

    parameters: int
    fixed_s: float
    row_s: float
    update_s: float
    sharded: bool = True

    @property
    def gradient_bytes(self) -> int:
        """Bytes of all gradients."""
        return 4 * self.parameters


@dataclass(frozen=True)
class Prediction:
    """One row of the table: times of a step on `ranks` ranks, and how well they are used.

    Attributes:
        compute_s, reduce_s, update_s: parts of the step.
        efficiency: rows a second and rank, in relation to those of one rank alone; 1 is perfect.
    """

    ranks: int
    hosts: int
    compute_s: float
    reduce_s: float
    update_s: float
    efficiency: float

    @property
    def step_s(self) -> float:
        """Time of a step."""
        return self.compute_s + self.reduce_s + self.update_s


def reduce_seconds(machine: Machine, gradient_bytes: float, ranks: int) -> float:
    """Return the time of the gradient sum.

    With p ranks on each of h hosts and n bytes of gradients,
    `3 log2(p) α + (1 + 1/p) n m` is for the host: two barriers and one agreement, and each rank's part of all
    gradients, read and written at m seconds a byte. `k α' + 2 (h - 1)/h n β + (h - 1)/h n/p γ` is for the network, over
    one link a host: every rank exchanges its part with those of the other hosts, by direct messages one after the
    other, `k = 2 (h - 1)`, or on many hosts by halving and doubling, `k = 4 log2(h)` (Thakur, Rabenseifner and Gropp
    2005, "Optimization of collective communication operations in MPICH", section 4.5). Nothing of it is hidden behind
    the backward pass here.
    """
    if ranks == 1:
        return 0.0
    hosts = host_count(machine, ranks)
    local = math.ceil(ranks / hosts)
    total = 3 * math.log2(local) * machine.node_latency_s
    if local > 1:
        total += (1 + 1 / local) * gradient_bytes * machine.shared_s_per_byte
    if hosts > 1:
        share = (hosts - 1) / hosts * gradient_bytes
        total += network_messages(hosts) * machine.network_latency_s
        total += 2 * share * machine.network_s_per_byte + share / local * machine.add_s_per_byte
    return total


def network_messages(hosts: int) -> float:
    """Return how many messages between hosts follow one another in a sum."""
    return min(2 * (hosts - 1), 4 * math.log2(hosts))


def host_count(machine: Machine, ranks: int) -> int:
    """Return how many hosts so many ranks fill."""
    return math.ceil(ranks / machine.ranks_per_host)


def alone(work: Work, rows: float) -> float:
    """Return the time of a step of `rows` rows on one rank that has a host to itself."""
    return work.fixed_s + work.row_s * rows + work.update_s


def predict(machine: Machine, work: Work, single: Work, rows: float, ranks: int, whole: float) -> Prediction:
    """Return the times of a step in which each of `ranks` ranks computes `rows` rows.

    Args:
        work: measured while all ranks of a host work, which share its caches and memory.
        single: measured on one rank that has the host to itself.
        whole: rows that one rank would compute, to which efficiency compares.
    """
    if ranks == 1:
        return Prediction(1, 1, single.fixed_s + single.row_s * rows, 0.0, single.update_s, 1.0)
    hosts = host_count(machine, ranks)
    divided = math.ceil(ranks / hosts) if work.sharded else 1
    compute = work.fixed_s + work.row_s * rows
    reduce, update = reduce_seconds(machine, work.gradient_bytes, ranks), work.update_s / divided
    best = alone(single, whole) * rows / whole  # that of one rank, divided as its rows are
    return Prediction(ranks, hosts, compute, reduce, update, best / (compute + reduce + update))


def same_batch(machine: Machine, work: Work, single: Work, batch: int, counts: Sequence[int]) -> list[Prediction]:
    """Return predictions where a batch of `batch` rows is divided by all ranks (strong scaling)."""
    return [predict(machine, work, single, batch / ranks, ranks, batch) for ranks in counts]


def same_rows(machine: Machine, work: Work, single: Work, rows: int, counts: Sequence[int]) -> list[Prediction]:
    """Return predictions where each rank computes `rows` rows, and the batch grows with the ranks (weak scaling)."""
    return [predict(machine, work, single, rows, ranks, rows) for ranks in counts]


def pays_up_to(predictions: Sequence[Prediction], least_efficiency: float = 0.5) -> int:
    """Return the largest number of ranks up to which all ranks together do at least that part of what they could."""
    last = 1
    for prediction in predictions:
        if prediction.efficiency < least_efficiency:
            break
        last = prediction.ranks
    return last
