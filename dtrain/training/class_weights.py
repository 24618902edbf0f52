"""Weights of classes as weights of rows, for each output of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dtrain.graph import Array

from .objective import match_outputs, per_output

Table = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class OutputClassWeights:
    """The weights of classes for each output; None where all count the same."""

    names: list[str]
    tables: list[Table | None]


def by_output(model: Any, class_weight: Any) -> Any:
    """`class_weight` of a model of several outputs, given by output name or as a list, matched to its outputs.

    Raises:
        ValueError: naming the outputs and what does not fit.
    """
    named = isinstance(class_weight, Mapping) and any(isinstance(key, str) for key in class_weight)
    if not named and not isinstance(class_weight, (list, tuple)):
        return class_weight
    names = list(model.output_names) if model._graph is not None else list(class_weight if named else ())
    return OutputClassWeights(names, match_outputs("class_weight", class_weight, names))


def row_weights(labels: Array, table: Table) -> Array:
    """The weight of each row, from its class number or its one-hot row; a class without a weight counts 1."""
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(axis=-1)
    elif labels.ndim > 1:
        labels = labels[..., 0]
    labels = np.round(labels)
    rows = np.ones(labels.shape, np.float32)
    for label, value in table.items():
        rows[labels == label] = value
    return rows


def output_weights(y: Any, sample_weight: Any, classes: OutputClassWeights) -> dict[str, Array] | None:
    """The weights of the rows for each output that has any, those of classes times those that the rows have.

    Raises:
        ValueError: for weights of classes of an output without targets.
    """
    targets = per_output("y", y, classes.names)
    given = per_output("sample_weight", sample_weight, classes.names)
    found: dict[str, Array] = {}
    for name, table, target, weight in zip(classes.names, classes.tables, targets, given, strict=True):
        if weight is not None:
            found[name] = np.asarray(weight, np.float32)
        if table is None:
            continue
        if target is None:
            raise ValueError(f"class_weight: the output {name!r} has no targets")
        rows = row_weights(target, table)
        found[name] = found[name] * rows if name in found else rows
    return found or None
