"""The objects of a model that own variables, each with its path in Keras's weights files.

A path is made of attribute names, never of layer names: `encoder/query_dense`. An object in a list, tuple or dict is
called by its class in snake case, numbered within its container (`layers/dense_1`), a container within a container
`container`, `container_1`. Every object has the first path that leads to it: a model's `layers` first where it is a
Functional or Sequential one, then attributes in alphabetical order, those with a leading underscore last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from dtrain.layers.layer import Layer
from dtrain.utils.naming import to_snake_case

Place = tuple[str, Any]


def walk(model: Any, nested_containers: bool = True) -> list[Place]:
    """Every layer and optimizer of a model with its path; the model itself has the path "".

    Args:
        nested_containers: go into lists within lists, as Keras does since 3.15.
    """
    from dtrain.optimizers.optimizer import Optimizer

    owners = (Layer, Optimizer)
    seen: set[int] = set()
    found: list[Place] = []

    def visit(path: str, value: Any) -> None:
        if isinstance(value, owners):
            if id(value) not in seen:
                seen.add(id(value))
                found.append((path, value))
                for name, child in _children(value):
                    visit(_join(path, name), child)
        elif isinstance(value, (list, tuple, dict)):
            visit_container(path, value, {id(value)})

    def visit_container(path: str, container: Any, outer: set[int]) -> None:
        items = list(container.values() if isinstance(container, dict) else container)
        for name, item in _named_items(items, owners):
            if isinstance(item, owners):
                visit(_join(path, name), item)
            elif nested_containers and id(item) not in outer:
                visit_container(_join(path, name), item, outer | {id(item)})

    visit("", model)
    return found


def _named_items(items: Iterable[Any], owners: tuple[type, ...]) -> Iterator[Place]:
    counts: Counter[str] = Counter()
    for item in items:
        if isinstance(item, owners):
            name = to_snake_case(type(item).__name__)
        elif isinstance(item, (list, tuple, dict)):
            name = "container"
        else:
            continue
        number = counts[name]
        counts[name] += 1
        yield (f"{name}_{number}" if number else name), item


def _children(owner: Any) -> Iterator[Place]:
    """The attributes, properties too, that a class adds to those of all layers and models."""
    from dtrain.models import Model, Sequential

    if not isinstance(owner, Layer):  # an optimizer's variables are its own
        return
    if isinstance(owner, Model) and owner._graph is not None:
        # A Sequential's Input is no part of it; a Functional's are.
        yield "layers", owner.layers if isinstance(owner, Sequential) else owner._graph.layers
    known = _known_of_models() if isinstance(owner, Model) else _known_of_layers()
    names = {name for name in dir(owner) if not name.startswith("__")} - known
    for name in sorted(names, key=lambda n: f"~{n}" if n.startswith("_") else n):
        try:
            value = getattr(owner, name)
        except Exception:
            continue
        yield name, value


@cache
def _known_of_layers() -> frozenset[str]:
    return frozenset(dir(Layer(name="reference")))


@cache
def _known_of_models() -> frozenset[str]:
    from dtrain.models import Model, Sequential

    known = {*dir(Model(name="reference")), *dir(Sequential(name="reference"))}
    return _known_of_layers() | known - {"layers", "optimizer"}


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
