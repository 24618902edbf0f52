"""Weights of a file into a model: all of them or none, with every difference listed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dtrain.graph import Variable

from .weights import OPTIMIZER, Store, check_built, customized, own_variables, stores_of, vars_path
from .weights_match import layers_for, match_names, match_paths

# Groups of a file that say nothing about the model's own weights.
_BESIDES = {OPTIMIZER, "metrics", "_metrics", "_loss_tracker", "dtrain"}


def assign_weights_tree(
    model: Any,
    tree: Mapping[str, Any],
    *,
    source: str,
    skip_mismatch: bool = False,
    names: Mapping[str, str] | None = None,
    skip: Iterable[Any] = (),
) -> None:
    """Overwrite the weights of a model by those of a dictionary as `weights_tree` makes it.

    Either everything fits and is assigned, or nothing is.

    Args:
        source: the file's name, for messages.
        skip_mismatch: assign what fits and warn about the rest.
        names: the names in the file by `vars` path; if given, layers are matched by their names instead of their paths.
        skip: layers to leave as they are.

    Raises:
        ValueError: for a model without variables yet, and for weights that do not fit; it lists every difference.
    """
    check_built(model, "load_weights")
    stores = stores_of(tree)
    skipped = tuple(skip)
    layers = layers_for(model, stores, skipped)
    matched = match_paths(layers, stores) if names is None else match_names(layers, stores, names, source)
    plan = _Plan()
    for path, owner, store in matched:
        plan.add(path, owner, store)
    if names is None and not skipped:
        plan.note_unknown(stores)
    report_differences(plan.differences, source, model.name, skip_mismatch)
    plan.assign()
    _assign_optimizer(model, tree, names)


@dataclass
class _Plan:
    """What is to be assigned, and what does not fit."""

    values: list[tuple[Variable, Any]] = field(default_factory=list)
    custom: list[tuple[str, Any, Store]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def add(self, path: str, owner: Any, store: Store) -> None:
        if customized(owner, "load_own_variables"):
            self.custom.append((path, owner, store))
            return
        variables = own_variables(owner)
        for number, variable in enumerate(variables):
            where = f"{vars_path(path)}/{number} ({variable.path})"
            if str(number) not in store:
                self.differences.append(f"{where}: expected shape {variable.shape}, found nothing")
            elif not fits(variable, store[str(number)]):
                found = np.asarray(store[str(number)])
                self.differences.append(
                    f"{where}: expected shape {variable.shape} {variable.dtype}, found {found.shape} {found.dtype}"
                )
            else:
                self.values.append((variable, store[str(number)]))
        self.note_unknown({path: {key: a for key, a in store.items() if key not in _numbers(len(variables))}})

    def note_unknown(self, stores: Mapping[str, Store]) -> None:
        for path, store in stores.items():
            if path.partition("/")[0] not in _BESIDES:
                self.differences.extend(
                    f"{vars_path(path)}/{key}: found shape {np.shape(value)}, which the model does not have"
                    for key, value in store.items()
                )

    def assign(self) -> None:
        for variable, value in self.values:
            np.copyto(variable.array, value, casting="same_kind")
        for path, owner, store in self.custom:
            try:
                owner.load_own_variables(store)
            except Exception as error:
                error.add_note(f"while {owner.name!r} was loaded from the group {vars_path(path)!r}")
                raise


def fits(variable: Variable, value: Any) -> bool:
    """Whether a value has the shape of a variable, and a dtype that turns into its own without loss of kind."""
    array = np.asarray(value)
    return array.shape == variable.shape and np.can_cast(array.dtype, variable.dtype, "same_kind")


def report_differences(differences: list[str], source: str, model: str, skip_mismatch: bool) -> None:
    """Raise ValueError that lists the differences between a file and a model, or warn, if there are any."""
    if not differences:
        return
    count = len(differences)
    text = f"{source} does not fit the model {model!r} in {count} place{'s' if count > 1 else ''}:\n  "
    text += "\n  ".join(differences)
    if not skip_mismatch:
        raise ValueError(f"load_weights: {text}\nPass skip_mismatch=True to load what fits.")
    warnings.warn(f"load_weights: {text}\nThe rest was loaded.", stacklevel=5)


def _numbers(count: int) -> set[str]:
    return {str(number) for number in range(count)}


def _assign_optimizer(model: Any, tree: Mapping[str, Any], names: Mapping[str, str] | None) -> None:
    store = stores_of(tree).get(OPTIMIZER)
    optimizer = getattr(model, "optimizer", None)
    if store is None or optimizer is None or names is not None:
        return
    load_optimizer_store(optimizer, store, model.trainable_variables)


def load_optimizer_store(optimizer: Any, store: Store, trained: list[Variable]) -> None:
    """Read an optimizer's numbered state, making its slots first if the file has any."""
    arrays = [np.asarray(store[key]) for key in sorted(store, key=int)]
    scalars = [a for a in arrays if not a.ndim]
    if not optimizer.built and len(scalars) < len(arrays):
        optimizer.build(trained)
    if all(v.ndim == 0 for v in optimizer.variables):
        arrays = scalars  # Keras 2 wrote momenta (of zeros) also for an optimizer without momentum
    elif len(scalars) == len(arrays) and not int(arrays[0]):
        # Of an optimizer that had not taken a step: it had no slots yet.
        arrays += [v.array for v in optimizer.variables[len(arrays) :]]
    optimizer.load_own_variables({str(number): array for number, array in enumerate(arrays)})
