"""Where everything of a picture lies. Across and along are the directions of a layer and of the flow of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .boxes import Box, Edge, Graph
from .order import Layered, arrange
from .placement import place
from .scene import Curve, Point, Rectangle, Scene, Text
from .text import width

_TITLE, _ROW = 11.0, 9.0  # sizes of texts in points
_LINE = 13.0
_HEADER = 19.0
_PAD = 8.0
_ACROSS, _ALONG = 22.0, 26.0  # gaps between neighbours of a layer, and between layers
_POINT = 6.0  # room across for a long edge
_MARGIN = 14.0
_INSIDE = 12.0  # room around the boxes of a nested model
_INK, _PALE, _LINES = "#22272e", "#6b7280", "#57606a"
_COLORS = {
    "activation": "#f6dfae", "attention": "#e3cdf4", "convolution": "#c5dcf7", "core": "#cfe3d4", "input": "#dfe3e8",
    "merging": "#f3cfd4", "model": "#d9d4f2", "normalization": "#f4ecb5", "other": "#e6e2da", "pooling": "#bfe0e6",
    "preprocessing": "#dfe9c4", "recurrent": "#f5d3b8", "regularization": "#ebdccb", "reshaping": "#dbe1ee",
}  # fmt: skip


@dataclass(slots=True)
class _Placed:
    """A graph with the middles of its boxes, its size, and the places across where its inputs and outputs are."""

    graph: Graph
    sizes: list[tuple[float, float]]
    middles: list[tuple[float, float]]
    paths: list[list[tuple[float, float]]]
    across: float
    along: float
    inner: dict[int, _Placed]
    entries: list[float]
    exits: list[float]


def scene_of(graph: Graph, left_to_right: bool = False) -> Scene:
    """The drawing of a graph, its tensors flowing from top to bottom or from left to right."""
    placed = _Layout(left_to_right).place(graph)
    size = (placed.along, placed.across) if left_to_right else (placed.across, placed.along)
    scene = Scene(size[0] + 2 * _MARGIN, size[1] + 2 * _MARGIN)
    _Painter(scene, left_to_right).paint(placed, (_MARGIN, _MARGIN))
    return scene


def _measure(box: Box) -> tuple[float, float]:
    """Width and height of a box."""
    title = width(box.title, _TITLE, bold=True)
    rows = [_labels(box) + width(value, _ROW) for _, value in box.rows]
    return max([title, *rows]) + 2 * _PAD, _HEADER + (len(box.rows) * _LINE + 5 if box.rows else 0)


def _labels(box: Box) -> float:
    """The width of the column of labels."""
    return max((width(label, _ROW) for label, _ in box.rows), default=0.0) + 7


class _Layout:
    def __init__(self, left_to_right: bool) -> None:
        self._turned = left_to_right

    def place(self, graph: Graph) -> _Placed:
        inner = {k: self.place(box.inner) for k, box in enumerate(graph.boxes) if box.inner is not None}
        sizes = [self._size(box, inner.get(k)) for k, box in enumerate(graph.boxes)]
        layered = arrange(len(graph.boxes), [(edge.source, edge.target) for edge in graph.edges])
        extents = {node: _POINT for layer in layered.layers for node in layer}
        extents.update(enumerate(across for across, _ in sizes))
        ports = [self._ports(graph, inner, sizes, edge) for edge in graph.edges]
        offsets = {}
        for path, (leaving, entering) in zip(layered.paths, ports, strict=True):
            for number, link in enumerate(pairwise(path)):
                offsets[link] = (leaving if number == 0 else 0.0, entering if number == len(path) - 2 else 0.0)
        across = place(layered, extents, offsets, _ACROSS)
        left = min((across[node] - extents[node] / 2 for node in across), default=0.0)
        middles, bands = self._along(layered, sizes, {node: x - left for node, x in across.items()})
        paths = [
            self._path(path, {n: x - left for n, x in across.items()}, layered, sizes, middles, bands, port)
            for path, port in zip(layered.paths, ports, strict=True)
        ]
        return _Placed(
            graph=graph,
            sizes=sizes,
            middles=middles,
            paths=paths,
            across=max((across[node] - left + extents[node] / 2 for node in across), default=0.0),
            along=bands[-1][1] if bands else 0.0,
            inner=inner,
            entries=[middles[k][0] for k in graph.inputs],
            exits=[middles[k][0] for k in graph.outputs],
        )

    def _size(self, box: Box, inner: _Placed | None) -> tuple[float, float]:
        """Across and along."""
        wide, high = _measure(box)
        if inner is not None:
            inside = (inner.along, inner.across) if self._turned else (inner.across, inner.along)
            wide = max(wide, inside[0] + 2 * _INSIDE)
            high = high + inside[1] + 2 * _INSIDE
        return (high, wide) if self._turned else (wide, high)

    def _ports(
        self, graph: Graph, inner: dict[int, _Placed], sizes: Sequence[tuple[float, float]], edge: Edge
    ) -> tuple[float, float]:
        """How far from the middles an edge between two boxes leaves and enters."""
        leaving = entering = 0.0
        if edge.source in inner:
            leaving = self._port(graph, inner, sizes, edge.source, inner[edge.source].exits, edge.source_port)
        if edge.target in inner:
            entering = self._port(graph, inner, sizes, edge.target, inner[edge.target].entries, edge.target_port)
        return leaving, entering

    def _port(
        self,
        graph: Graph,
        inner: dict[int, _Placed],
        sizes: Sequence[tuple[float, float]],
        box: int,
        places: list[float],
        number: int,
    ) -> float:
        if not places:
            return 0.0
        start = inner_start(graph.boxes[box], inner[box], sizes[box], self._turned)[0]
        return start + places[min(number, len(places) - 1)] - sizes[box][0] / 2

    def _along(
        self, layered: Layered, sizes: Sequence[tuple[float, float]], across: dict[int, float]
    ) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """The middles of the boxes, and where each layer begins and ends."""
        middles = [(0.0, 0.0)] * layered.count
        bands = []
        at = 0.0
        for number, layer in enumerate(layered.layers):
            thickness = max((sizes[node][1] for node in layer if not layered.is_point(node)), default=0.0)
            for node in layer:
                if not layered.is_point(node):
                    middles[node] = (across[node], at + thickness / 2)
            bands.append((at, at + thickness))
            crowd = self._slant(layered, number, across)
            at += thickness + _ALONG + min(30.0, crowd / 14)
        return middles, bands

    @staticmethod
    def _slant(layered: Layered, number: int, across: dict[int, float]) -> float:
        """How far across the edges below a layer go, the farthest one."""
        layer = layered.layers[number]
        return max((abs(across[n] - across[node]) for node in layer for n in layered.below[node]), default=0.0)

    @staticmethod
    def _path(
        path: list[int],
        across: dict[int, float],
        layered: Layered,
        sizes: Sequence[tuple[float, float]],
        middles: list[tuple[float, float]],
        bands: list[tuple[float, float]],
        ports: tuple[float, float],
    ) -> list[tuple[float, float]]:
        """Pairs of points: straight along through each layer, a curve in between."""
        source, target = path[0], path[-1]
        level = next(k for k, layer in enumerate(layered.layers) if source in layer)
        x = across[source] + ports[0]
        points = [(x, middles[source][1] + sizes[source][1] / 2), (x, bands[level][1])]
        for node in path[1:-1]:
            level += 1
            points += [(across[node], bands[level][0]), (across[node], bands[level][1])]
        x = across[target] + ports[1]
        points += [(x, bands[level + 1][0]), (x, middles[target][1] - sizes[target][1] / 2)]
        return points


def inner_start(box: Box, inner: _Placed, size: tuple[float, float], turned: bool) -> tuple[float, float]:
    """Where the boxes of a nested model begin, across and along, from the corner of its own box."""
    below_title = _measure(box)[1] + _INSIDE
    room = size[1] - inner.along if turned else size[0] - inner.across
    return (below_title, room / 2) if turned else (room / 2, below_title)


class _Painter:
    def __init__(self, scene: Scene, left_to_right: bool) -> None:
        self._scene = scene
        self._turned = left_to_right

    def paint(self, placed: _Placed, origin: Point) -> None:
        """Boxes below edges; `origin` is the corner in the drawing."""
        for number, box in enumerate(placed.graph.boxes):
            self._box(placed, number, box, origin)
        for edge, path in zip(placed.graph.edges, placed.paths, strict=True):
            path = self._into(placed, edge, path)
            points = [self._point(p, origin) for p in path]
            self._scene.shapes.append(_curve(points, self._turned))
        for number in placed.inner:
            self._band(placed, number, placed.graph.boxes[number], origin)

    def _point(self, point: tuple[float, float], origin: Point) -> Point:
        across, along = point
        return (origin[0] + along, origin[1] + across) if self._turned else (origin[0] + across, origin[1] + along)

    def _into(self, placed: _Placed, edge: Edge, path: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """An edge to or from a nested model goes on to the box inside that it means."""
        if edge.source in placed.inner:
            corner, inner = self._corner(placed, edge.source)
            port = min(edge.source_port, len(inner.graph.outputs) - 1)
            if inner.graph.outputs:
                box = inner.graph.outputs[port]
            if inner.graph.outputs and _is_free_below(inner, box):
                path = [(path[0][0], corner[1] + inner.middles[box][1] + inner.sizes[box][1] / 2), *path[1:]]
        if edge.target in placed.inner:
            corner, inner = self._corner(placed, edge.target)
            port = min(edge.target_port, len(inner.graph.inputs) - 1)
            if inner.graph.inputs:
                box = inner.graph.inputs[port]
                path = [*path[:-1], (path[-1][0], corner[1] + inner.middles[box][1] - inner.sizes[box][1] / 2)]
        return path

    def _corner(self, placed: _Placed, number: int) -> tuple[tuple[float, float], _Placed]:
        (across, along), size, inner = placed.middles[number], placed.sizes[number], placed.inner[number]
        start = inner_start(placed.graph.boxes[number], inner, size, self._turned)
        return (across - size[0] / 2 + start[0], along - size[1] / 2 + start[1]), inner

    def _box(self, placed: _Placed, number: int, box: Box, origin: Point) -> None:
        x, y, wide, high = self._frame(placed, number, origin)
        add = self._scene.shapes.append
        add(Rectangle(x, y, wide, high, "#ffffff" if box.inner is None else "#f6f5fb", "", 4))
        if box.inner is None:
            self._text(box, x, y, wide, _HEADER, flat_below=high > _HEADER)
        else:
            self.paint(placed.inner[number], self._point(self._corner(placed, number)[0], origin))
        add(Rectangle(x, y, wide, high, "", _LINES, 4))

    def _frame(self, placed: _Placed, number: int, origin: Point) -> tuple[float, float, float, float]:
        """Corner, width and height of a box in the drawing."""
        (across, along), (wide, high) = placed.middles[number], placed.sizes[number]
        x, y = self._point((across - wide / 2, along - high / 2), origin)
        return (x, y, high, wide) if self._turned else (x, y, wide, high)

    def _band(self, placed: _Placed, number: int, box: Box, origin: Point) -> None:
        """Title and rows of a nested model, over the edges that go in."""
        x, y, wide, _ = self._frame(placed, number, origin)
        high = _measure(box)[1]
        self._text(box, x, y, wide, high, flat_below=True)
        self._scene.shapes.append(Rectangle(x, y, wide, high, "", _LINES, 4, flat_below=True))

    def _text(self, box: Box, x: float, y: float, wide: float, coloured: float, flat_below: bool) -> None:
        add = self._scene.shapes.append
        add(Rectangle(x, y, wide, coloured, _COLORS[box.family], "", 4, flat_below))
        left = x + (wide - width(box.title, _TITLE, bold=True)) / 2
        add(Text(left, y + 13.2, box.title, _TITLE, _INK, bold=True))
        for row, (label, value) in enumerate(box.rows):
            base = y + _HEADER + _LINE * (row + 1) - 1
            add(Text(x + _PAD, base, label, _ROW, _PALE))
            add(Text(x + _PAD + _labels(box), base, value, _ROW, _INK))


def _is_free_below(placed: _Placed, box: int) -> bool:
    """Whether a straight line from a box along to the end meets no other box."""
    (across, along), size = placed.middles[box], placed.sizes[box]
    return not any(
        middle[1] - other[1] / 2 >= along + size[1] / 2 and abs(middle[0] - across) < other[0] / 2 + _POINT
        for middle, other in zip(placed.middles, placed.sizes, strict=True)
    )


def _curve(points: list[Point], turned: bool) -> Curve:
    """Straight along through the layers, between them curves that begin and end along the flow."""
    parts: list[tuple[Point, ...]] = []
    for number, (a, b) in enumerate(pairwise(points)):
        straight = abs(a[1] - b[1]) < 0.01 if turned else abs(a[0] - b[0]) < 0.01
        if number % 2 == 0 or straight:
            if a != b:
                parts.append((b,))
            continue
        bend_x, bend_y = (0.55 * (b[0] - a[0]), 0.0) if turned else (0.0, 0.55 * (b[1] - a[1]))
        parts.append(((a[0] + bend_x, a[1] + bend_y), (b[0] - bend_x, b[1] - bend_y), b))
    return Curve(points[0], tuple(parts), _LINES)
