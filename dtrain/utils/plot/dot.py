"""A graph in the language of Graphviz, and Graphviz itself where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from html import escape

from .boxes import Box, Graph

_TIMEOUT_S = 60


def to_dot(graph: Graph, rankdir: str = "TB", dpi: float = 200.0, splines: str = "ortho", subgraph: str = "") -> str:
    """The graph as text; with `subgraph`, its name, as a part that can be put into another graph."""
    head = f"subgraph {_quoted('cluster_' + subgraph)} {{" if subgraph else "digraph model {"
    lines = [
        head,
        f'  graph [rankdir={rankdir}, dpi={dpi:g}, splines={splines}, concentrate=true, fontname="Helvetica"];',
        '  node [shape=plaintext, fontname="Helvetica", fontsize=11, margin=0];',
        "  edge [color=gray35, arrowsize=0.7];",
        *_body(graph, subgraph, "  "),
        "}",
        "",
    ]
    return "\n".join(lines)


def render(source: str, kind: str) -> bytes | None:
    """What Graphviz makes of a text in its language ("png", "svg", "pdf"); None when it is not installed or fails."""
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        result = subprocess.run(
            [program, f"-T{kind}"], input=source.encode(), capture_output=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout or None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(prefix: str, number: int) -> str:
    return _quoted(f"{prefix}/{number}" if prefix else str(number))


def _body(graph: Graph, prefix: str, indent: str) -> Iterator[str]:
    for number, box in enumerate(graph.boxes):
        name = f"{prefix}/{number}" if prefix else str(number)
        if box.inner is None:
            yield f"{indent}{_quoted(name)} [label=<{_table(box)}>];"
        else:
            yield f"{indent}subgraph {_quoted('cluster_' + name)} {{"
            yield f"{indent}  label={_quoted(box.title)}; style=rounded; color=gray60;"
            yield from _body(box.inner, name, indent + "  ")
            yield f"{indent}}}"
    for edge in graph.edges:
        source = _end(graph, prefix, edge.source, edge.source_port, leaving=True)
        target = _end(graph, prefix, edge.target, edge.target_port, leaving=False)
        yield f"{indent}{source} -> {target};"


def _end(graph: Graph, prefix: str, number: int, port: int, leaving: bool) -> str:
    """The box that an edge begins or ends at: of a nested model the one inside."""
    inner = graph.boxes[number].inner
    if inner is None:
        return _name(prefix, number)
    places = (inner.outputs if leaving else inner.inputs) or [0]
    inside = f"{prefix}/{number}" if prefix else str(number)
    return _end(inner, inside, places[min(port, len(places) - 1)], 0, leaving)


def _table(box: Box) -> str:
    rows = [f'<tr><td colspan="2" bgcolor="gray90"><b>{escape(box.title)}</b></td></tr>']
    rows += [f'<tr><td align="left">{escape(a)}</td><td align="left">{escape(b)}</td></tr>' for a, b in box.rows]
    return f'<table border="1" cellborder="0" cellspacing="0" cellpadding="4">{"".join(rows)}</table>'
