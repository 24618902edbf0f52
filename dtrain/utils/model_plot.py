"""Pictures of models: `plot_model` and `model_to_dot`, which need nothing but Pillow, and use Graphviz where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .plot.boxes import Graph, Options, graph_of
from .plot.dot import render, to_dot

if TYPE_CHECKING:
    from dtrain.models import Model

_FORMATS = ("png", "svg", "pdf", "dot")
_DIRECTIONS = ("TB", "LR")


class ModelGraph:
    """The graph of a model, to be written as a picture or as text for Graphviz."""

    def __init__(self, graph: Graph, rankdir: str, dpi: float, splines: str, subgraph: str = "") -> None:
        self.graph = graph
        self._rankdir, self._dpi, self._splines, self._subgraph = rankdir, dpi, splines, subgraph

    def to_string(self) -> str:
        """The graph in the language of Graphviz."""
        return to_dot(self.graph, self._rankdir, self._dpi, self._splines, self._subgraph)

    __str__ = to_string

    def create(self, format: str = "png") -> bytes:
        """The picture ("png", "svg" or "pdf") or the text ("dot"): by Graphviz if it is installed, else by dtrain."""
        if format not in _FORMATS:
            raise ValueError(f"Expected one of the formats {', '.join(_FORMATS)}. Received: format={format!r}")
        if format == "dot":
            return self.to_string().encode()
        return render(self.to_string(), format) or self.draw(format)

    def draw(self, format: str = "png") -> bytes:
        """The picture as dtrain itself draws it."""
        from .plot.layout import scene_of

        scene = scene_of(self.graph, self._rankdir == "LR")
        if format == "svg":
            from .plot.svg import to_svg

            return to_svg(scene)
        if format == "pdf":
            from .plot.pdf import to_pdf

            return to_pdf(scene)
        from .plot.png import to_png

        return to_png(scene, self._dpi)

    def write(self, path: Any, format: str | None = None) -> None:
        """Write the picture; its format follows from the ending of the path if it is not given.

        Raises:
            ValueError: for a format that is not known.
            OSError: when the file cannot be written.
        """
        from dtrain.datasets.files import write_whole

        write_whole(path, self.create(format or format_of(path)))

    def _repr_svg_(self) -> str:
        return self.draw("svg").decode()


def format_of(path: Any) -> str:
    """The format that the ending of a path means.

    Raises:
        ValueError: for another ending.
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in _FORMATS:
        raise ValueError(
            f"plot_model: expected a path that ends in one of {', '.join('.' + f for f in _FORMATS)}. "
            f"Received: {os.fspath(path)}"
        )
    return ending


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> ModelGraph:
    """The graph of a model; arguments as in `plot_model`.

    Args:
        subgraph: whether its text is a part to be put into another graph.

    Raises:
        ValueError: for another `rankdir`, and for a model that has no layers yet.
    """
    if kwargs:
        raise ValueError(f"model_to_dot: unknown argument(s) {', '.join(sorted(kwargs))}")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"plot_model: expected rankdir to be one of {', '.join(_DIRECTIONS)}. Received: {rankdir=}")
    if not model.layers and not model.built:
        raise ValueError(f"plot_model: {model.name} has no layers yet: call it on data or `build(input_shape)` first")
    options = Options(
        shapes=show_shapes, dtype=show_dtype, names=show_layer_names, nested=expand_nested,
        activations=show_layer_activations, trainable=show_trainable,
    )  # fmt: skip
    return ModelGraph(graph_of(model, options), rankdir, dpi, splines, model.name if subgraph else "")


def plot_model(
    model: Model,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model: a box for each layer, an arrow for each tensor that goes from one to another.

    Args:
        to_file: ends in `.png`, `.svg`, `.pdf` or `.dot`. Of several processes, the first writes it.
        show_shapes: the shapes of inputs and outputs.
        show_dtype: the dtypes of outputs.
        show_layer_names: the names of layers beside their classes.
        rankdir: "TB": from top to bottom; "LR": from left to right.
        expand_nested: what is inside of nested models.
        dpi: dots to the inch in a PNG.
        show_layer_activations: the activations of layers that have one.
        show_trainable: whether each layer is trained.
        splines: the form of the lines, for Graphviz.

    Returns:
        The picture for notebooks; None elsewhere.

    Raises:
        ValueError: for another ending or `rankdir`, and for a model that has no layers yet.
    """
    from dtrain.distributed.console import is_main

    kind = format_of(to_file)
    graph = model_to_dot(
        model, show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, False, show_layer_activations,
        show_trainable, splines, **kwargs,
    )  # fmt: skip
    if is_main():
        graph.write(to_file, kind)
    return _for_notebook(graph)


def _for_notebook(graph: ModelGraph) -> ModelGraph | None:
    """The graph, which a notebook shows as SVG, if this is one."""
    import sys

    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return graph if shell is not None and "IPKernelApp" in getattr(shell, "config", {}) else None
