"""Weights of Keras 1 and 2 files into a model: layer by layer in order, or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dtrain.graph import Variable
from dtrain.layers.layer import Layer
from dtrain.saving.hdf5 import Hdf5
from dtrain.saving.weights import check_built, own_variables
from dtrain.saving.weights_assign import fits, report_differences

from .conversion import converted
from .layout import SavedLayer, SavedWeights, read_layout

Match = tuple[Layer, SavedLayer]


@dataclass
class Assigned:
    """Which variable got which array of the file, by the array's name, in the file's order."""

    variables: dict[str, Variable] = field(default_factory=dict)


def legacy_variables(layer: Layer) -> list[Variable]:
    """A layer's variables in the order of these files: trainable ones first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def assign_legacy_weights(
    model: Any,
    content: Hdf5,
    *,
    source: str,
    skip_mismatch: bool = False,
    by_name: bool = False,
    skip: Iterable[Any] = (),
) -> Assigned:
    """Overwrite the weights of a model by those of a file.

    Layers are matched by their names where file and model have the same ones or `by_name` is given, else in order.
    Either everything fits and is assigned, or nothing is (with `skip_mismatch`, what fits).

    Raises:
        ValueError: for weights that do not fit; it lists every difference.
    """
    check_built(model, "load_weights")
    saved = read_layout(content, source)
    left_out = {id(layer) for layer in skip}
    layers = [layer for layer in model.layers if legacy_variables(layer)]
    matches = _match(layers, saved, by_name, source, model.name, skip_mismatch)
    plan: list[tuple[Variable, Any]] = []
    differences: list[str] = []
    assigned = Assigned()
    parts = [_fit(la, sa, legacy_variables(la), saved) for la, sa in matches if id(la) not in left_out]
    if saved.own.arrays or (own_variables(model) and not by_name):
        parts.append(_fit(model, saved.own, own_variables(model), saved))
    for pairs, problems in parts:
        differences += problems
        for name, variable, value in pairs:
            plan.append((variable, value))
            assigned.variables[name] = variable
    report_differences(differences, source, model.name, skip_mismatch)
    for variable, value in plan:
        np.copyto(variable.array, value, casting="same_kind")
    return assigned


def _match(
    layers: list[Layer], saved: SavedWeights, by_name: bool, source: str, model: str, skip_mismatch: bool
) -> list[Match]:
    in_file = {layer.name: layer for layer in saved.with_weights}
    names = [layer.name for layer in layers]
    if by_name or set(names) == set(in_file):
        return [(layer, in_file[layer.name]) for layer in layers if layer.name in in_file]
    if len(layers) != len(in_file) and not skip_mismatch:
        raise ValueError(
            f"load_weights: {source} does not fit the model {model!r}: expected {len(names)} layers with weights: "
            f"{', '.join(names)}. Found {len(in_file)}: {', '.join(in_file)}. Pass by_name=True to load those whose "
            "names are in both."
        )
    return list(zip(layers, saved.with_weights, strict=False))


def _fit(
    layer: Layer, found: SavedLayer, variables: list[Variable], saved: SavedWeights
) -> tuple[list[tuple[str, Variable, Any]], list[str]]:
    """The variables of a layer with the arrays for them, and what does not fit."""
    arrays = list(found.arrays.values())
    if found.name:
        arrays = converted(layer, arrays, saved.keras_version, saved.backend)
    if len(arrays) != len(variables):
        expected = ", ".join(f"{v.path} {v.shape}" for v in variables) or "none"
        listed = ", ".join(f"{name} {a.shape}" for name, a in found.arrays.items()) or "none"
        return [], [f"{layer.name} ({found.name} in the file): expected {expected}; found {listed}"]
    names = found.arrays if len(found.arrays) == len(arrays) else [f"{found.name}/{k}" for k in range(len(arrays))]
    pairs, problems = [], []
    for name, variable, array in zip(names, variables, arrays, strict=True):
        if fits(variable, array):
            pairs.append((name, variable, array))
        else:
            problems.append(f"{variable.path} ({name} in the file): expected {variable.shape}, found {array.shape}")
    return pairs, problems


def variables_in_order(layers: Iterable[Layer]) -> Iterator[Variable]:
    """All trainable variables, layer after layer."""
    for layer in layers:
        yield from layer.trainable_weights
