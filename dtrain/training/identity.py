"""What must be the same on all processes before their numbers are mixed, as named fields that can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from dtrain.distributed.communicator import Communicator
from dtrain.distributed.guard import compare_samples
from dtrain.graph import Array, Plan, Rows, Variable
from dtrain.graph.nest import flatten

from .data import Source

Fields = dict[str, Any]
_SAMPLED = 64  # rows of an array, and values of a row


def run_fields(model: Any, optimizer: Any) -> Fields:
    """Versions, seed, weights, loss and optimizer."""
    from dtrain import __version__

    fields: Fields = {"dtrain version": __version__, "numpy version": np.__version__, **seed_fields()}
    for k, variable in enumerate(model.weights):
        fields[f"weight {k} {_plain(variable.path)}"] = f"{variable.shape} {variable.dtype}"
    for key, value in (model._compile_arguments or {}).items():
        if key != "optimizer":
            fields[key] = _text(value)
    if optimizer is not None:
        fields["optimizer"] = type(optimizer).__name__
        settings = ((key, value) for key, value in optimizer.get_config().items() if key != "name")
        fields.update((f"optimizer {key}", _text(value)) for key, value in settings)
    return fields


def seed_fields() -> Fields:
    """The seed that the program has set."""
    from dtrain.random.seed import global_seed, seed_was_set

    return {"seed": global_seed() if seed_was_set() else "not set"}


def plan_fields(plan: Plan, variables: Sequence[Variable]) -> Fields:
    """The operations of a step, and the weights that it trains in the order of their gradients."""
    fields: Fields = {"number of operations in the plan": len(plan.instructions)}
    for k, instruction in enumerate(plan.instructions):  # what they are told too: an activation, a rate, strides
        fields[f"operation {k}"] = f"{_plain(instruction.label)} {_text(_global(instruction.attributes))}"
    fields["trained weights"] = ", ".join(_plain(v.path) for v in variables)
    inputs = (plan.trace.specs[index] for index in plan.trace.inputs)
    fields.update((f"input {k} of a step", f"{s.global_shape} {s.dtype}") for k, s in enumerate(inputs))
    return fields


def data_fields(name: str, source: Source) -> Fields:
    """Rows, batches and order of a source, and the arrays if it has them."""
    fields: Fields = {f"rows of the {name}": str(source.rows), f"steps over the {name}": str(source.count)}
    fields[f"batch_size of the {name}"] = str(source.batch_size)
    fields[f"shuffle of the {name}"] = source.shuffle
    arrays = [a for part in getattr(source, "arrays", ()) for a in flatten(part) if a is not None]
    if hasattr(source, "content"):
        fields[f"content of the {name}"] = source.content
    fields[f"arrays of the {name}"] = ", ".join(f"{a.shape[1:]} {a.dtype}" for a in arrays)
    return fields


def compare_data(communicator: Communicator, **sources: Source | None) -> None:
    """Return if some rows of the arrays of sources, which the argument names, are the same on all processes.

    Raises:
        DesyncError: on all processes alike, naming the array and the processes that differ.
    """
    if communicator.size > 1:
        found = ((name, source) for name, source in sources.items() if source is not None)
        compare_samples(communicator, {k: v for name, source in found for k, v in _samples(name, source).items()})


def _samples(name: str, source: Source) -> Fields:
    samples: Fields = {}
    for part, structure in zip(("x", "y", "sample_weight"), getattr(source, "arrays", ()), strict=False):
        for number, array in enumerate(a for a in flatten(structure) if a is not None):
            samples[f"array {number} of {part} of the {name.replace('_', ' ')}"] = _sample(array)
    return samples


def _sample(array: Array) -> Array:
    """A few values of some rows, spread over the array."""
    rows = array[_spread(len(array))]
    rows = rows.reshape(len(rows), -1)
    return np.ascontiguousarray(rows[:, _spread(rows.shape[1])])


def _spread(length: int) -> Array:
    return np.unique(np.linspace(0, max(0, length - 1), min(length, _SAMPLED)).astype(np.int64))


def _global(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes with numbers of rows of the global batch."""
    return {name: value.total if isinstance(value, Rows) else value for name, value in attributes.items()}


def _text(value: Any) -> str:
    return _plain(json.dumps(value, default=_name, sort_keys=True))


def _plain(text: str) -> str:
    """Names without the numbers that make them unique: a process may have made more objects than another."""
    return re.sub(r"_\d+\b", "", text)


def _name(value: Any) -> str:
    """The name of a function, else of the class: never an address, which differs from process to process."""
    return str(getattr(value, "__name__", None) or getattr(value, "name", None) or type(value).__name__)
