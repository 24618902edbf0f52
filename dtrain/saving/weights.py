"""A model's weights as a flat dictionary in the layout of Keras's files.

The keys are `<path of the object>/vars/<number>`, such as `layers/dense/vars/0`; see `walk` for the paths. Numbers
count an object's own variables, trainable ones first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dtrain.graph import Array, Variable
from dtrain.layers.layer import Layer

from .walk import walk

VARS = "vars"
OPTIMIZER = "optimizer"

Store = dict[str, Any]


def check_built(model: Any, action: str) -> None:
    """Raise ValueError for a model that has no variables yet."""
    if not model.built:
        raise ValueError(
            f"{action}: the model {model.name!r} has no weights yet: call it on data, or `build(input_shape)`, first"
        )


def weights_tree(model: Any, optimizer: bool = True) -> dict[str, Array]:
    """All weights of a model (and the state of its optimizer) by their path in Keras's `.weights.h5`.

    The arrays are those of the variables, not copies.
    """
    tree: dict[str, Array] = {}
    for path, owner in walk(model):
        if optimizer or path != OPTIMIZER:
            prefix = vars_path(path)
            tree.update((f"{prefix}/{key}", np.asarray(value)) for key, value in own_store(owner).items())
    return tree


def owner_names(model: Any) -> dict[str, str]:
    """The name of every layer, and of the optimizer, by the path of its `vars` group."""
    return {vars_path(path): owner.name for path, owner in walk(model)}


def vars_path(path: str) -> str:
    """The group that holds the variables of the object at `path`."""
    return f"{path}/{VARS}" if path else VARS


def own_store(owner: Any) -> Store:
    """The variables of one layer or optimizer under "0", "1", ..., or what its `save_own_variables` says."""
    if customized(owner, "save_own_variables"):
        store: Store = {}
        owner.save_own_variables(store)
        return {str(key): value.array if isinstance(value, Variable) else value for key, value in store.items()}
    return {str(number): variable.array for number, variable in enumerate(own_variables(owner))}


def own_variables(owner: Any) -> list[Variable]:
    """The variables that belong to a layer itself or to an optimizer, in the order of files."""
    return owner._held_variables() if isinstance(owner, Layer) else list(owner.variables)


def stores_of(tree: Mapping[str, Any]) -> dict[str, Store]:
    """`{path of the object: {number: array}}` of a dictionary as `weights_tree` makes it."""
    stores: dict[str, Store] = {}
    for key, value in tree.items():
        path, _, number = key.rpartition("/")
        head, _, last = path.rpartition("/")
        if last == VARS:
            stores.setdefault(head, {})[number] = value
    return stores


def customized(owner: Any, method: str) -> bool:
    """Whether a class has its own way to write or read its variables."""
    from dtrain.optimizers.optimizer import Optimizer

    base = Layer if isinstance(owner, Layer) else Optimizer
    function = getattr(type(owner), method, None)
    return function is not None and function is not getattr(base, method, None)
