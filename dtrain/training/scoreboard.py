"""The loss and the metrics of an epoch so far: exact weighted means over all rows of all ranks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

import numpy as np

from dtrain import metrics
from dtrain.distributed.communicator import Communicator
from dtrain.graph import Array, Tensor, Variable
from dtrain.graph.nest import flatten
from dtrain.metrics.totals import pack_parts, parts_of, totals

from .micro_shards import MicroShards
from .objective import match_outputs, per_output
from .output_groups import has_groups


class Scoreboard:
    """Collects, on every rank, this rank's part of every sum; `logs` adds the parts of all ranks.

    Args:
        metrics: identifier, callable, `Metric`, or a list, or a list or dict of these for several outputs.
        weighted_metrics: the same, for metrics that take the sample weights into account.
    """

    def __init__(self, given: Any, weighted: Any) -> None:
        self._given, self._weighted = given, weighted
        self.extra: list[Any] = []  # metrics that the model updates itself
        self.beside: list[Any] = []  # metrics that are in no logs of planned steps
        self._named: list[tuple[str, int, Any, bool]] | None = None  # log name, output, metric, weighted
        self._part_names: list[str] = []
        self._sums: Array = np.zeros((1, 0))  # a row for each part of the batch that this rank runs
        self._rows = 0
        self._shards: MicroShards | None = None

    def divide(self, shards: MicroShards | None) -> None:
        """From now on, keep the sums of each micro-shard by itself; None: of this rank's rows in one piece."""
        if self._shards is not None:
            self._shards.sums.release()
            self._sums = self._sums.sum(axis=0, keepdims=True)
        if shards is not None:
            self._sums, self._rows = np.zeros((shards.held, 0)), 0
        self._shards = shards

    @property
    def parts(self) -> list[Variable]:
        """The variables of metrics that hold parts of sums."""
        return parts_of(self.metrics)

    @property
    def named_metrics(self) -> list[Any]:
        """The metrics that were given, in the order of outputs."""
        return [m for _, _, m, _ in self._named or ()]

    @property
    def metrics(self) -> list[Any]:
        """The metrics that were given, those that the model updates itself, and those beside them."""
        return [*self.named_metrics, *self.extra, *self.beside]

    def take_extra(self, held: Sequence[Any]) -> None:
        """Keep, among the metrics that a model holds, those that were not given here."""
        known = {id(m) for m in (*self.named_metrics, *self.beside)}
        self.extra = [m for m in held if isinstance(m, metrics.Metric) and id(m) not in known]

    def resolve(self, names: Sequence[str], y: Any, y_pred: Any) -> None:
        """Find out, from the shapes of the first batch, which metric a name like "accuracy" means."""
        if self._named is not None:
            return
        self._named = []
        targets, outputs = per_output("y", y, names, y_pred), flatten(y_pred)
        for given, weighted in ((self._given, False), (self._weighted, True)):
            for position, entries in enumerate(_per_output(given, names, y_pred)):
                for entry in entries:
                    target = targets[position]
                    if target is None:
                        raise ValueError(f"The output {names[position]!r} has a metric but no target: pass `y`")
                    metric = metrics.resolve(entry, _shape(target), _shape(outputs[position]))
                    prefix = "" if len(names) == 1 else f"{names[position]}_"
                    name = _unused(prefix, metric.name, weighted, {known for known, *_ in self._named})
                    self._named.append((name, position, metric, weighted))

    def trace(self, names: Sequence[str], y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Record the updates of the metrics into the current trace."""
        targets, outputs = per_output("y", y, names, y_pred), flatten(y_pred)
        weights = per_output("sample_weight", sample_weight, names, y_pred)
        for _, position, metric, weighted in self._named or ():
            weight = weights[position] if weighted else None
            metric.update_state(targets[position], outputs[position], sample_weight=weight)

    def reset(self) -> None:
        """Start an epoch."""
        self._sums[:] = 0
        self._rows = 0
        for metric in self.metrics:
            metric.reset_state()
        if self._shards is not None:
            self._shards.sums.reset()

    def add(self, part_names: Sequence[str], values: Sequence[Array], rows: int) -> None:
        """Add one step: this rank's parts of the step's losses, and the rows of the global batch.

        Of each loss one value, or one for each micro-shard.
        """
        if self._sums.shape[1] != len(part_names):
            self._part_names = list(part_names)
            self._sums = np.zeros((len(self._sums), len(part_names)))
        for k, value in enumerate(values):
            self._sums[:, k] += np.multiply(value, rows, dtype=np.float64)
        self._rows += rows

    def local_state(self) -> Array:
        """This rank's parts of all sums: a row for each part of the batch that it runs."""
        parts = pack_parts(self.metrics)[None] if self._shards is None else self._shards.sums.pack(self.parts)
        return np.concatenate([self._sums, parts], axis=1)

    def load_local_state(self, state: Array, part_names: Sequence[str], rows: int) -> None:
        """Go on from what `local_state` gave."""
        self._part_names, self._rows = list(part_names), rows
        self._sums, parts = state[:, : len(part_names)].copy(), state[:, len(part_names) :]
        if self._shards is not None:
            self._shards.sums.unpack(self.parts, parts)
            return
        with totals(self.metrics, parts[0]):
            held = [v.array.copy() for v in self.parts]
        for variable, array in zip(self.parts, held, strict=True):
            variable.array[...] = array

    def whole_variables(self) -> list[Variable]:
        """The variables of metrics that hold the same on every rank, so that they are no parts of a sum."""
        parts = {id(v) for v in parts_of(self.metrics)}
        return list({id(v): v for m in self.metrics for v in m.variables if id(v) not in parts}.values())

    def _add_up(self, communicator: Communicator) -> Array:
        state = self.local_state()
        if self._shards is not None:
            return self._shards.total(state)
        communicator.Allreduce(state)
        total: Array = state[0]
        return total

    @property
    def rows(self) -> int:
        return self._rows

    @property
    def part_names(self) -> list[str]:
        return list(self._part_names)

    def logs(self, communicator: Communicator) -> dict[str, Any]:
        """Losses and metrics of all ranks together, sorted by name as Keras has them. Every rank must call it."""
        sums = self._add_up(communicator)
        count = self._sums.shape[1]
        found: dict[str, Any] = dict(zip(self._part_names, (sums[:count] / max(self._rows, 1)).tolist(), strict=True))
        with totals(self.metrics, sums[count:]):
            found.update(self.results())
            for metric in self.extra:
                found[metric.name] = plain_result(metric.result())
        return sorted_logs(found)

    def names(self) -> list[str]:
        """The names in the order in which lists of results have them, as in Keras.

        The loss, the metrics of a single output as given, the losses of several outputs, the metrics that the model
        updates itself, then the metrics of several outputs by name.
        """
        named = [(name, name == metric.name) for name, _, metric, _ in self._named or ()]
        single = [name for name, plain in named if plain]
        others = sorted(name for name, plain in named if not plain)
        return list(dict.fromkeys(["loss", *single, *self._part_names, *(m.name for m in self.extra), *others]))

    def results(self) -> dict[str, Any]:
        """The results of the metrics that were given, by log name."""
        return {name: plain_result(metric.result()) for name, _, metric, _ in self._named or ()}


def sorted_logs(results: dict[str, Any]) -> dict[str, Any]:
    """Results by name, those of a metric that gives several among them."""
    flat: dict[str, Any] = {}
    for name, value in results.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return dict(sorted(flat.items()))


def _unused(prefix: str, name: str, weighted: bool, known: Collection[str]) -> str:
    """The log name of a metric; of two metrics called alike, the second one's says that it is weighted, or a number."""
    found = prefix + name
    if found in known and weighted:
        found = f"{prefix}weighted_{name}"
    numbered = (f"{found}_{k}" for k in count(1))
    return found if found not in known else next(n for n in numbered if n not in known)


def plain_result(result: Any) -> Any:
    """A metric's result as a number, or an array if it has several values, or a dict of these."""
    if isinstance(result, dict):
        return {name: plain_result(value) for name, value in result.items()}
    array = np.asarray(result)
    return array.item() if array.size == 1 else array


def _per_output(given: Any, names: Sequence[str], outputs: Any) -> list[list[Any]]:
    """A list of metrics for each output."""
    if given is None:
        return [[] for _ in names]
    if len(names) == 1 and isinstance(given, (list, tuple)) and not any(isinstance(g, (list, tuple)) for g in given):
        return [[g for g in given if g is not None]]
    if len(names) > 1 and isinstance(given, (list, tuple)) and len(given) != len(names) and not has_groups(outputs):
        if all(isinstance(g, str) or (callable(g) and not hasattr(g, "update_state")) for g in given):
            return [list(given) for _ in names]  # as Keras 1 and 2 understood it: all of them for every output
        raise ValueError(
            f"metrics: expected a list with one entry (a metric or a list) for each of {list(names)}, or a dict by "
            f"output name. Received {len(given)} entries"
        )
    found = match_outputs("metrics", given, names, outputs)
    return [[] if e is None else list(e) if isinstance(e, (list, tuple)) else [e] for e in found]


def _shape(value: Any) -> tuple[int | None, ...]:
    shape = value.spec.shape if isinstance(value, Tensor) else np.shape(value)
    return (None, *shape[1:])
