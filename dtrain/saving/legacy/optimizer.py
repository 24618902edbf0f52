"""The optimizer's state in whole-model files of Keras 1, 2 and 3: told apart and found by the names of its arrays."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array, Variable
from dtrain.saving.weights_assign import load_optimizer_store

# What slots were called, and in which order Keras 1 and 2.0-2.3 kept them, which gave them no names.
_SLOTS = {
    "Adadelta": ("accumulated_grad", "accumulated_delta_var"),
    "Adagrad": ("accumulator",),
    "Adam": ("momentum", "velocity", "velocity_hat"),
    "AdamW": ("momentum", "velocity", "velocity_hat"),
    "Adamax": ("momentum", "norm"),
    "Ftrl": ("accumulator", "linear"),
    "Nadam": ("momentum", "velocity"),
    "RMSprop": ("velocity", "momentum", "average_gradient"),
    "SGD": ("momentum",),
}
_OLD_NAMES = {
    "accum_grad": "accumulated_grad",
    "accum_var": "accumulated_delta_var",
    "average_gradient": "average_gradient",
    "m": "momentum",
    "mg": "average_gradient",
    "momentum": "momentum",
    "rms": "velocity",
    "u": "norm",
    "v": "velocity",
    "vhat": "velocity_hat",
}
_COUNTERS = {"iter", "iteration", "iterations"}


def restore_optimizer(
    optimizer: Any,
    arrays: Mapping[str, Array],
    by_name: Mapping[str, Variable],
    trained: Sequence[Variable],
    source: str,
) -> None:
    """Overwrite the state of an optimizer by that of a file; warn, and leave it new, where it does not fit.

    Args:
        arrays: the arrays of the file by their names, in its order.
        by_name: the model's variables by the names that the file gives to their values.
        trained: the model's trainable variables in the order of the file.
    """
    names = list(arrays)
    if any(name.partition("/")[2] == "iteration" for name in names):  # Keras 3
        load_optimizer_store(optimizer, {str(k): a for k, a in enumerate(arrays.values())}, list(trained))
        return
    optimizer.build(trained)
    counter = next((name for name in names if _last(name) in _COUNTERS), None)
    slots = {name: array for name, array in arrays.items() if name != counter}
    placed = _by_names(optimizer, slots, by_name) or _by_order(optimizer, list(slots.values()), trained)
    if placed is None:
        listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        warnings.warn(
            f"load_model: the optimizer's state in {source} does not fit {type(optimizer).__name__} and is left out: "
            f"{listed}",
            stacklevel=3,
        )
        return
    for target, value in placed:
        target[...] = value
    if counter is not None:
        optimizer.variables[0].assign(int(arrays[counter]))  # the count of steps


Placed = list[tuple[Array, Array]]


def _by_names(optimizer: Any, slots: Mapping[str, Array], by_name: Mapping[str, Variable]) -> Placed | None:
    """`Adam/m/dense/kernel:0` (tf.keras from 2.11) or `Adam/dense/kernel/m:0` (before); None for other names."""
    known = _slot_names(optimizer)
    placed: Placed = []
    for name, array in slots.items():
        parts = name.removesuffix(":0").split("/")
        found = next(
            (
                (_slot(label, optimizer), by_name[weight])
                for label, path in ((parts[1] if len(parts) > 1 else "", parts[2:]), (parts[-1], parts[1:-1]))
                if (weight := "/".join(path) + ":0") in by_name
            ),
            None,
        )
        if found is None:
            return None
        slot, variable = found
        if slot not in known:
            continue  # such as zeros kept for a momentum of 0
        if array.shape != variable.shape:
            return None
        placed.append((optimizer.slot(slot, variable), array))
    return placed


def _by_order(optimizer: Any, arrays: Sequence[Array], trained: Sequence[Variable]) -> Placed | None:
    """All of one slot, then all of the next; placeholders of one zero each stand for slots that are not used."""
    known = _slot_names(optimizer)
    count = len(trained)
    placed: Placed = []
    if not count or len(arrays) % count:
        return None
    for number, slot in enumerate(_SLOTS.get(type(optimizer).__name__, ())):
        part = arrays[number * count : (number + 1) * count]
        if not part or slot not in known:
            continue
        if any(a.shape != v.shape for a, v in zip(part, trained, strict=True)):
            return None
        placed.extend((optimizer.slot(slot, v), np.asarray(a)) for a, v in zip(part, trained, strict=True))
    return placed


def _slot(label: str, optimizer: Any) -> str:
    if type(optimizer).__name__ == "Adamax" and label == "v":
        return "norm"
    return _OLD_NAMES.get(label, label)


def _slot_names(optimizer: Any) -> set[str]:
    return {name for group in optimizer.slot_groups() for name in group}


def _last(name: str) -> str:
    return re.sub(r":\d+$", "", name).rpartition("/")[2]
