"""Pictures of models: nothing overlaps, edges avoid boxes, and the files are what their endings say."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
import zlib
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dtrain
from dtrain import Input, Model, Sequential, layers
from dtrain.utils import model_to_dot, plot_model
from dtrain.utils.plot.boxes import Box, Edge, Graph
from dtrain.utils.plot.layout import _Layout, scene_of
from dtrain.utils.plot.order import _crossings, arrange
from dtrain.utils.plot.scene import Curve, Rectangle, Text


def _residual() -> Model:
    inputs = Input((8, 8, 4), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(4, 3, padding="same")(x)
    return Model(inputs, layers.Dense(2)(layers.Flatten()(layers.add([x, inputs]))), name="residual")


def _nested() -> Model:
    inner_inputs = [Input((3,), name="left"), Input((3,), name="right")]
    inner = Model(inner_inputs, layers.Concatenate()(inner_inputs), name="pair")
    inputs = Input((3,))
    return Model(inputs, layers.Dense(1)(inner([inputs, layers.Dense(3)(inputs)])), name="outer")


def _random_graph(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 25))
    boxes = [Box("x" * int(rng.integers(2, 30)), [("shape", "(1, 2)")] * int(rng.integers(0, 3))) for _ in range(count)]
    edges = [Edge(int(rng.integers(0, k)), k) for k in range(1, count)]
    more = [Edge(*sorted(map(int, rng.choice(count, 2, replace=False)))) for _ in range(int(rng.integers(0, count)))]
    return Graph(boxes, list(dict.fromkeys([*edges, *more])))


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] - 0.01 and b[0] < a[2] - 0.01 and a[1] < b[3] - 0.01 and b[1] < a[3] - 0.01


def _points(path: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points on an edge: its curves stay within the gaps between layers, so the straight parts are what can hit."""
    found = []
    for number, (a, b) in enumerate(pairwise(path)):
        if number % 2 == 0:
            found += [(a[0], a[1] + (b[1] - a[1]) * t) for t in np.linspace(0.01, 0.99, 9)]
    return found


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_boxes_do_not_overlap_and_edges_avoid_them(seed: int, turned: bool) -> None:
    graph = _random_graph(seed)
    placed = _Layout(turned).place(graph)
    frames = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for (x, y), (w, h) in zip(placed.middles, placed.sizes, strict=True)
    ]
    assert not [pair for pair in combinations(frames, 2) if _overlap(*pair)]
    assert min(f[0] for f in frames) > -0.01 and max(f[2] for f in frames) < placed.across + 0.01
    for edge, path in zip(graph.edges, placed.paths, strict=True):
        assert path[0][1] <= path[-1][1]
        others = [f for k, f in enumerate(frames) if k not in (edge.source, edge.target)]
        hit = [f for f in others for x, y in _points(path) if f[0] < x < f[2] and f[1] < y < f[3]]
        assert not hit


def test_a_planar_graph_is_drawn_without_crossings() -> None:
    # Two chains that are given with their nodes mixed up.
    layered = arrange(6, [(0, 3), (1, 2), (2, 5), (3, 4)])
    assert _crossings(layered) == 0
    many = [(0, 2), (0, 3), (1, 3), (1, 4), (2, 5), (3, 5), (4, 6)]
    assert _crossings(arrange(7, many)) == 0


def test_the_trunk_of_a_residual_block_is_straight() -> None:
    graph = model_to_dot(_residual()).graph
    placed = _Layout(False).place(graph)
    assert len({round(x, 6) for x, _ in placed.middles}) == 1


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
@pytest.mark.parametrize("build", [_residual, _nested])
def test_every_format_is_what_its_ending_says(tmp_path: Path, build: Any, rankdir: str) -> None:
    model = build()
    for ending in ("png", "svg", "pdf", "dot"):
        path = tmp_path / f"model.{ending}"
        shown = {"show_shapes": True, "show_dtype": True, "show_layer_names": True, "show_trainable": True}
        plot_model(
            model, path, rankdir=rankdir, expand_nested=True, show_layer_activations=True, dpi=60, **shown
        )  # fmt: skip
    image = Image.open(tmp_path / "model.png")
    image.load()
    assert image.size[0] > 100 and len(np.unique(np.asarray(image))) > 10
    root = ElementTree.parse(tmp_path / "model.svg").getroot()
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert all(f"{layer.name} ({type(layer).__name__})" in texts for layer in model.layers)
    pdf = (tmp_path / "model.pdf").read_bytes()
    start = int(pdf.split(b"startxref\n")[1].split()[0])
    assert pdf[start:].startswith(b"xref") and pdf.endswith(b"%%EOF\n")
    stream = zlib.decompress(pdf.split(b"stream\n")[1].split(b"\nendstream")[0])
    assert b"(None, 2)" in stream.replace(b"\\", b"") or b"(None, 1)" in stream.replace(b"\\", b"")
    dot = (tmp_path / "model.dot").read_text()
    assert dot.startswith("digraph") and dot.count("{") == dot.count("}") and f"rankdir={rankdir}" in dot


def test_a_nested_model_is_one_box_or_shows_what_is_inside() -> None:
    model = _nested()
    closed, opened = model_to_dot(model).graph, model_to_dot(model, expand_nested=True).graph
    assert [box.inner for box in closed.boxes] == [None] * len(closed.boxes)
    (inner,) = (box.inner for box in opened.boxes if box.inner is not None)
    assert [box.title for box in inner.boxes] == [
        "left (InputLayer)",
        "right (InputLayer)",
        "concatenate (Concatenate)",
    ] or (len(inner.boxes) == 3)
    scene = scene_of(opened)
    texts = [shape.text for shape in scene.shapes if isinstance(shape, Text)]
    assert "left (InputLayer)" in texts and "pair (Functional)" in texts


def test_a_shared_layer_is_one_box_unless_its_calls_depend_on_each_other() -> None:
    a, b = Input((4,)), Input((4,))
    shared = layers.Dense(4, name="shared")
    side_by_side = Model([a, b], layers.add([shared(a), shared(b)]))
    assert sum("shared" in box.title for box in model_to_dot(side_by_side).graph.boxes) == 1
    after_each_other = Model(a, shared(layers.ReLU()(shared(a))))
    boxes = [box for box in model_to_dot(after_each_other).graph.boxes if "shared" in box.title]
    assert [box.rows[0] for box in boxes] == [("call", "1 of 2"), ("call", "2 of 2")]


def test_models_without_a_graph_are_drawn_too() -> None:
    stack = Sequential([layers.Dense(2), layers.Dense(1)])
    assert len(model_to_dot(stack).graph.edges) == 1

    class Own(dtrain.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = layers.Dense(2), layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    assert len(model_to_dot(Own()).graph.boxes) == 2
    with pytest.raises(ValueError, match="has no layers yet"):
        model_to_dot(Sequential())


def test_wrong_endings_and_directions_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in one of .png, .svg, .pdf, .dot. Received: model.bmp"):
        plot_model(_residual(), "model.bmp")
    with pytest.raises(ValueError, match="rankdir"):
        plot_model(_residual(), tmp_path / "model.png", rankdir="up")


def test_a_very_large_model_still_gives_a_picture() -> None:
    graph = Graph([Box("layer")] * 400, [Edge(k, k + 1) for k in range(399)])
    from dtrain.utils.plot.png import to_png

    image = Image.open(io.BytesIO(to_png(scene_of(graph), dpi=2000)))
    assert image.size[0] * image.size[1] <= 41_000_000
    shapes = scene_of(graph).shapes
    assert sum(isinstance(s, Curve) for s in shapes) == 399 and sum(isinstance(s, Rectangle) for s in shapes) >= 400
