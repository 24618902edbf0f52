"""How far across each node lies: straight trunks and long edges, nothing closer than the gap, the rest in the middle.

Nodes that one straight line joins are moved as one, as the blocks of Brandes and Köpf 2002, "Fast and simple
horizontal coordinate assignment"; the blocks then settle between their neighbours.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .order import Layered, topological

_ROUNDS = 60
_CLOSE = 0.01
Link = tuple[int, int]


def place(
    layered: Layered, sizes: Mapping[int, float], offsets: Mapping[Link, tuple[float, float]], gap: float
) -> dict[int, float]:
    """The middle of each node across.

    Args:
        sizes: of each node across.
        offsets: where an edge leaves and enters, away from the middles of its two nodes; 0 where nothing is said.
        gap: least distance between neighbours of a layer.
    """
    straight = _straight_links(layered)
    block, shift = _blocks(layered, straight, offsets)
    apart = _distances(layered, sizes, block, shift, gap)
    positions = _start(sorted(set(block.values())), apart)
    pulls = _pulls(layered, straight, block, shift, offsets)
    _settle(positions, apart, pulls)
    return {node: positions[block[node]] + shift[node] for node in block}


def _trunk(layered: Layered) -> set[Link]:
    """The edges that lie on the longest way both as seen from above and from below, where there is one such way."""
    nodes = [node for layer in layered.layers for node in layer]
    depth, height = dict.fromkeys(nodes, 0), dict.fromkeys(nodes, 0)  # in boxes, the node's own included
    for node in nodes:
        depth[node] = max((depth[n] for n in layered.above[node]), default=0) + (not layered.is_point(node))
    for node in reversed(nodes):
        height[node] = max((height[n] for n in layered.below[node]), default=0) + (not layered.is_point(node))
    chosen: set[Link] = set()
    for node in nodes:
        following = _only_largest(layered.below[node], height)
        if following is not None and _only_largest(layered.above[following], depth) == node:
            chosen.add((node, following))
    return chosen


def _only_largest(nodes: Sequence[int], value: Mapping[int, int]) -> int | None:
    largest = max((value[n] for n in nodes), default=None)
    found = [n for n in nodes if value[n] == largest]
    return found[0] if len(found) == 1 else None


def _straight_links(layered: Layered) -> set[Link]:
    """The edges to draw as straight lines: none crosses another, and no node has two on one side."""
    trunk = _trunk(layered)
    accepted: set[Link] = set()
    for upper, lower in pairwise(layered.layers):
        place = {node: k for k, node in enumerate(lower)}
        links = [(k, place[n], node, n) for k, node in enumerate(upper) for n in layered.below[node]]
        inner = [one for one in links if layered.is_point(one[2]) and layered.is_point(one[3])]
        main = [one for one in links if (one[2], one[3]) in trunk and one not in inner]
        kept: list[tuple[int, int, int, int]] = []
        for one in inner + main:
            if all((one[0] - other[0]) * (one[1] - other[1]) > 0 for other in kept):
                kept.append(one)
        accepted.update((node, n) for _, _, node, n in kept)
    return accepted


def _blocks(
    layered: Layered, straight: set[Link], offsets: Mapping[Link, tuple[float, float]]
) -> tuple[dict[int, int], dict[int, float]]:
    """The block of each node, named after its first one, and how far the node lies from that one."""
    block: dict[int, int] = {}
    shift: dict[int, float] = {}
    for node in (node for layer in layered.layers for node in layer):
        block.setdefault(node, node)
        shift.setdefault(node, 0.0)
        for following in layered.below[node]:
            if (node, following) in straight:
                leaving, entering = offsets.get((node, following), (0.0, 0.0))
                block[following] = block[node]
                shift[following] = shift[node] + leaving - entering
    return block, shift


def _distances(
    layered: Layered, sizes: Mapping[int, float], block: Mapping[int, int], shift: Mapping[int, float], gap: float
) -> dict[Link, float]:
    """The least distance of one block to the one on its right."""
    apart: dict[Link, float] = {}
    for layer in layered.layers:
        for left, right in pairwise(layer):
            distance = (sizes[left] + sizes[right]) / 2 + gap + shift[left] - shift[right]
            key = (block[left], block[right])
            apart[key] = max(apart.get(key, distance), distance)
    return apart


def _start(blocks: Sequence[int], apart: Mapping[Link, float]) -> dict[int, float]:
    """Every block in the middle between as far left and as far right as it can be."""
    number = {name: k for k, name in enumerate(blocks)}
    order = [blocks[k] for k in topological(len(blocks), [(number[a], number[b]) for a, b in apart])]
    right_of: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (left, right), distance in apart.items():
        right_of[left].append((right, distance))
    first = dict.fromkeys(blocks, 0.0)
    for name in order:
        for other, distance in right_of[name]:
            first[other] = max(first[other], first[name] + distance)
    width = max(first.values(), default=0.0)
    last = dict.fromkeys(blocks, width)
    for name in reversed(order):
        last[name] = min([width, *(last[other] - distance for other, distance in right_of[name])])
    return {name: (first[name] + last[name]) / 2 for name in order}


def _pulls(
    layered: Layered,
    straight: set[Link],
    block: Mapping[int, int],
    shift: Mapping[int, float],
    offsets: Mapping[Link, tuple[float, float]],
) -> dict[int, list[tuple[int, float, float]]]:
    """For each block: the blocks that slanted edges lead to, the difference that makes one straight, its weight."""
    pulls: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for node, targets in layered.below.items():
        for target in targets:
            a, b = block[node], block[target]
            if (node, target) in straight or a == b:
                continue
            leaving, entering = offsets.get((node, target), (0.0, 0.0))
            difference = shift[node] + leaving - shift[target] - entering
            weight = 0.25 if layered.is_point(node) or layered.is_point(target) else 1.0
            pulls[b].append((a, difference, weight))
            pulls[a].append((b, -difference, weight))
    return pulls


def _settle(
    positions: dict[int, float],
    apart: Mapping[Link, float],
    pulls: Mapping[int, list[tuple[int, float, float]]],
) -> None:
    """Move every block between its neighbours to the mean of the places where its edges would be straight."""
    left_of: dict[int, list[tuple[int, float]]] = defaultdict(list)
    right_of: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (left, right), distance in apart.items():
        right_of[left].append((right, distance))
        left_of[right].append((left, distance))
    names = sorted(positions, key=positions.__getitem__)
    for number in range(_ROUNDS):
        for name in names if number % 2 else reversed(names):
            low = max((positions[other] + d for other, d in left_of[name]), default=-math.inf)
            high = min((positions[other] - d for other, d in right_of[name]), default=math.inf)
            wanted = positions[name] + _pull([name], positions, pulls)
            positions[name] = max(low, min(high, wanted)) if low <= high else low
        for group in _touching(positions, apart):
            inside = set(group)
            room_left = [positions[n] - positions[o] - d for n in group for o, d in left_of[n] if o not in inside]
            room_right = [positions[o] - d - positions[n] for n in group for o, d in right_of[n] if o not in inside]
            step = _pull(group, positions, pulls)
            step = max(-min([math.inf, *room_left]), min(min([math.inf, *room_right]), step))
            for name in group:
                positions[name] += step


def _pull(
    group: Sequence[int],
    positions: Mapping[int, float],
    pulls: Mapping[int, list[tuple[int, float, float]]],
) -> float:
    """How far the edges to other blocks would move a group of blocks."""
    inside = set(group)
    away = [
        (positions[other] + difference - positions[name], weight)
        for name in group
        for other, difference, weight in pulls.get(name, ())
        if other not in inside
    ]
    total = sum(weight for _, weight in away)
    return sum(distance * weight for distance, weight in away) / total if total else 0.0


def _touching(positions: Mapping[int, float], apart: Mapping[Link, float]) -> list[list[int]]:
    """The groups of blocks that stand as close to each other as they may: only together can they move."""
    group = {name: [name] for name in positions}
    for (left, right), distance in apart.items():
        if positions[right] - positions[left] - distance < _CLOSE and group[left] is not group[right]:
            joined = group[left] + group[right]
            group.update(dict.fromkeys(joined, joined))
    return [names for names in {id(names): names for names in group.values()}.values() if len(names) > 1]
