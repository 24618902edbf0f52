"""The optimizers that a model holds beside that of `compile`, for steps that it has written anew, and their state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtrain.graph import Array
from dtrain.graph.nest import flatten
from dtrain.optimizers.optimizer import Optimizer

from .put_back import put_back

Arrays = dict[str, Array]

_SCALARS = "scalars"


def held_optimizers(model: Any) -> dict[str, Optimizer]:
    """By the name of the attribute (with a number, if it holds several), each once."""
    found: dict[str, Optimizer] = {}
    seen = {id(model.optimizer)}
    for name, value in vars(model).items():
        for number, leaf in enumerate(flatten(value)):
            if isinstance(leaf, Optimizer) and id(leaf) not in seen:
                seen.add(id(leaf))
                found[f"{name}.{number}" if number else name] = leaf
    return found


def capture_held(model: Any, names: Mapping[int, str]) -> dict[str, Arrays]:
    """The state of each by name: "scalars/<name>" and "<slot>/<weight>". `names`: of weights, by their `id`."""
    return {name: _state(optimizer, names) for name, optimizer in held_optimizers(model).items()}


def _state(optimizer: Optimizer, names: Mapping[int, str]) -> Arrays:
    state = {f"{_SCALARS}/{name}": array for name, array in optimizer.scalar_state().items()}
    for slot in optimizer.slot_names:
        state.update((f"{slot}/{names[id(v)]}", optimizer.slot(slot, v)) for v in optimizer.trained_variables)
    return state


def restore_held(model: Any, names: Mapping[int, str], state: Mapping[str, Arrays], source: str) -> None:
    """Put a captured state back; optimizers that have made no step yet are built for the weights that it knows.

    Raises:
        ValueError: when it is that of other optimizers.
    """
    held = held_optimizers(model)
    if set(held) != set(state):
        raise ValueError(
            f"{source} holds the state of the optimizers {sorted(state)} beside that of `compile`. The model holds "
            f"{sorted(held)}. Make them as they were, before `fit`, or begin a new run in another folder."
        )
    for name, optimizer in held.items():
        weights = {path.partition("/")[2] for path in state[name] if not path.startswith(f"{_SCALARS}/")}
        variables = [v for v in model.weights if names[id(v)] in weights]
        if variables and not optimizer.built:
            optimizer.build(variables)
        present = _state(optimizer, names)
        if present.keys() != state[name].keys():
            raise ValueError(
                f"{source}: the state of the optimizer {name!r} is not that of {type(optimizer).__name__} for the "
                f"weights of this model. Different: {sorted(present.keys() ^ state[name].keys())}"
            )
        _load(optimizer, names, state[name], source)


def _load(optimizer: Optimizer, names: Mapping[int, str], state: Arrays, source: str) -> None:
    start = f"{_SCALARS}/"
    optimizer.load_scalar_state({path.removeprefix(start): a for path, a in state.items() if path.startswith(start)})
    for slot in optimizer.slot_names:
        for variable in optimizer.trained_variables:
            put_back(optimizer.slot(slot, variable), state, f"{slot}/{names[id(variable)]}", source)
