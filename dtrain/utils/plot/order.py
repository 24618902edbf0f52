"""Boxes in layers, and their order in each: longest paths, then medians to cross few edges.

Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures"; medians after
Gansner et al. 1993, "A technique for drawing directed graphs", section 3.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 24

Pair = tuple[int, int]


@dataclass(slots=True)
class Layered:
    """A graph whose edges all go from one layer to the next: long ones pass through points of their own.

    Nodes from `count` on are such points. `paths[k]` are the nodes that edge number k of the graph passes.
    """

    count: int
    layers: list[list[int]]
    paths: list[list[int]]
    below: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    above: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def is_point(self, node: int) -> bool:
        """Whether it is a point of a long edge."""
        return node >= self.count


def arrange(count: int, edges: Sequence[Pair]) -> Layered:
    """Layers of `count` nodes with few crossings of the edges, which must not form a cycle."""
    layered = _layered(count, edges, layer_numbers(count, edges))
    best = [list(layer) for layer in layered.layers]
    fewest = _crossings(layered)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        _sweep(layered, downwards=sweep % 2 == 0)
        _swap_neighbours(layered)
        found = _crossings(layered)
        if found < fewest:
            fewest, best = found, [list(layer) for layer in layered.layers]
    layered.layers = best
    return layered


def layer_numbers(count: int, edges: Sequence[Pair]) -> list[int]:
    """The longest way from a start for each node; a start itself is put right above the first node that needs it."""
    after: dict[int, list[int]] = defaultdict(list)
    before: dict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        after[source].append(target)
        before[target].append(source)
    numbers = [0] * count
    for node in topological(count, edges):
        numbers[node] = max((numbers[source] + 1 for source in before[node]), default=0)
    for node in range(count):
        if not before[node] and after[node]:
            numbers[node] = min(numbers[target] for target in after[node]) - 1
    return numbers


def topological(count: int, edges: Sequence[Pair]) -> list[int]:
    """The nodes in an order in which every edge goes forward."""
    waiting = [0] * count
    after: dict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        waiting[target] += 1
        after[source].append(target)
    order = [node for node in range(count) if not waiting[node]]
    for node in order:
        for target in after[node]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    return order


def _layered(count: int, edges: Sequence[Pair], numbers: list[int]) -> Layered:
    layers: list[list[int]] = [[] for _ in range(max(numbers, default=-1) + 1)]
    result = Layered(count, layers, [])
    levels = dict(enumerate(numbers))
    following = count
    for source, target in edges:
        path = [source]
        for level in range(numbers[source] + 1, numbers[target]):
            levels[following] = level
            path.append(following)
            following += 1
        path.append(target)
        result.paths.append(path)
        for first, second in pairwise(path):
            result.below[first].append(second)
            result.above[second].append(first)
    for node in _depth_first(following, result):
        layers[levels[node]].append(node)
    return result


def _depth_first(total: int, layered: Layered) -> list[int]:
    """All nodes so that what hangs together lies together."""
    order: dict[int, None] = {}
    for start in (node for node in range(total) if not layered.above[node]):
        stack = [start]
        while stack:
            node = stack.pop()
            if node not in order:
                order[node] = None
                stack.extend(reversed(layered.below[node]))
    return list(order)


def _sweep(layered: Layered, downwards: bool) -> None:
    """Order each layer by the medians of the neighbours in the layer before it."""
    layers = layered.layers if downwards else layered.layers[::-1]
    neighbours = layered.above if downwards else layered.below
    for fixed, layer in pairwise(layers):
        place = {node: k for k, node in enumerate(fixed)}
        own = {node: k for k, node in enumerate(layer)}
        layer.sort(key=lambda node: _median([place[n] for n in neighbours[node]], own[node]))


def _median(places: list[int], otherwise: float) -> float:
    if not places:
        return otherwise
    places.sort()
    middle = len(places) // 2
    if len(places) % 2:
        return places[middle]
    return (places[middle - 1] + places[middle]) / 2


def _swap_neighbours(layered: Layered) -> None:
    """Exchange neighbours in a layer as long as that takes crossings away."""
    for number, layer in enumerate(layered.layers):
        above = _places(layered, number - 1)
        below = _places(layered, number + 1)
        better = True
        while better:
            better = False
            for k in range(len(layer) - 1):
                left, right = layer[k], layer[k + 1]
                gain = _gain(layered.above, above, left, right) + _gain(layered.below, below, left, right)
                if gain > 0:
                    layer[k], layer[k + 1] = right, left
                    better = True


def _places(layered: Layered, number: int) -> dict[int, int]:
    inside = 0 <= number < len(layered.layers)
    return {node: k for k, node in enumerate(layered.layers[number])} if inside else {}


def _gain(neighbours: dict[int, list[int]], places: dict[int, int], left: int, right: int) -> int:
    """How many crossings of the edges of two neighbours go away when they change places."""
    first = [places[n] for n in neighbours[left]]
    second = [places[n] for n in neighbours[right]]
    return sum((a > b) - (a < b) for a in first for b in second)


def _crossings(layered: Layered) -> int:
    total = 0
    for upper, lower in pairwise(layered.layers):
        place = {node: k for k, node in enumerate(lower)}
        seen: list[int] = []
        for node in upper:
            ends = sorted(place[n] for n in layered.below[node])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total
