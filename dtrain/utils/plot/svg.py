"""A drawing as SVG."""

from __future__ import annotations

from html import escape

from .scene import Curve, Point, Rectangle, Scene, Text, arrow


def to_svg(scene: Scene, dpi: float = 72.0) -> bytes:
    """The drawing as an SVG document, shown at `dpi` dots for each inch of 72 points."""
    scale = dpi / 72
    size = f'width="{_n(scene.width * scale)}" height="{_n(scene.height * scale)}"'
    view = f'viewBox="0 0 {_n(scene.width)} {_n(scene.height)}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="Helvetica, Arial, sans-serif">',
        f'<rect width="{_n(scene.width)}" height="{_n(scene.height)}" fill="#ffffff"/>',
    ]
    for shape in scene.shapes:
        lines.append(_rectangle(shape) if isinstance(shape, Rectangle) else _other(shape))
    return "\n".join([*lines, "</svg>", ""]).encode()


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _other(shape: Curve | Text) -> str:
    if isinstance(shape, Text):
        weight = ' font-weight="bold"' if shape.bold else ""
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}"'
        return f'<text {place}{weight} fill="{shape.color}" xml:space="preserve">{escape(shape.text)}</text>'
    path = [f"M{_p(shape.start)}"]
    path += [("L" if len(part) == 1 else "C") + " ".join(map(_p, part)) for part in shape.parts]
    head = " ".join(map(_p, arrow(shape)))
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{shape.stroke}" stroke-width="1"/>'
        f'<polygon points="{head}" fill="{shape.stroke}"/>'
    )


def _rectangle(r: Rectangle) -> str:
    paint = f'fill="{r.fill or "none"}" stroke="{r.stroke or "none"}" stroke-width="0.8"'
    if not r.flat_below:
        place = f'x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.width)}" height="{_n(r.height)}"'
        return f'<rect {place} rx="{_n(r.radius)}" {paint}/>'
    c, right, below = r.radius, r.x + r.width, r.y + r.height
    path = (
        f"M{_n(r.x)} {_n(below)}V{_n(r.y + c)}Q{_n(r.x)} {_n(r.y)} {_n(r.x + c)} {_n(r.y)}"
        f"H{_n(right - c)}Q{_n(right)} {_n(r.y)} {_n(right)} {_n(r.y + c)}V{_n(below)}Z"
    )
    return f'<path d="{path}" {paint}/>'
