"""A drawing as PNG, by Pillow: shapes at twice the size and reduced, so that their edges are smooth; then the texts."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from .scene import Curve, Point, Rectangle, Scene, Text, arrow
from .text import width

_FINER = 2
_MOST_PIXELS = 40_000_000  # of the picture; a larger one is drawn with fewer dots
_STEPS = 24  # lines that stand for one Bézier curve


def to_png(scene: Scene, dpi: float = 200.0) -> bytes:
    """The drawing as a PNG picture with `dpi` dots to the inch of 72 points, fewer if it would have over 40 million."""
    from PIL import Image, ImageDraw

    most = (_MOST_PIXELS / (scene.width * scene.height)) ** 0.5
    scale = min(dpi / 72, most)
    size = round(scene.width * scale), round(scene.height * scale)
    finer = _FINER if size[0] * size[1] * _FINER**2 <= 2 * _MOST_PIXELS else 1
    image = Image.new("RGB", (size[0] * finer, size[1] * finer), "#ffffff")
    pen = _Pen(ImageDraw.Draw(image), scale * finer)
    for shape in scene.shapes:
        if isinstance(shape, Rectangle):
            pen.rectangle(shape)
        elif isinstance(shape, Curve):
            pen.curve(shape)
    if finer > 1:
        image = image.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    for shape in scene.shapes:
        if isinstance(shape, Text):
            _write(draw, shape, scale)
    stream = io.BytesIO()
    image.save(stream, "PNG", dpi=(scale * 72, scale * 72), optimize=True)
    return stream.getvalue()


class _Pen:
    def __init__(self, draw: Any, scale: float) -> None:
        self._draw = draw
        self._scale = scale

    def _at(self, point: Point) -> Point:
        return point[0] * self._scale, point[1] * self._scale

    def rectangle(self, r: Rectangle) -> None:
        """Fill and stroke."""
        corners = [*self._at((r.x, r.y)), *self._at((r.x + r.width, r.y + r.height))]
        self._draw.rounded_rectangle(
            corners,
            r.radius * self._scale,
            fill=r.fill or None,
            outline=r.stroke or None,
            width=max(1, round(0.8 * self._scale)),
            corners=(True, True, not r.flat_below, not r.flat_below),
        )

    def curve(self, curve: Curve) -> None:
        """The line and the arrow head."""
        points = [curve.start]
        for part in curve.parts:
            points += _bezier(points[-1], part) if len(part) == 3 else part
        line = [self._at(point) for point in points]
        self._draw.line(line, fill=curve.stroke, width=max(1, round(self._scale)), joint="curve")
        self._draw.polygon([self._at(point) for point in arrow(curve)], fill=curve.stroke)


def _bezier(start: Point, part: tuple[Point, ...]) -> list[Point]:
    b, c, d = part
    found = []
    for step in range(1, _STEPS + 1):
        t = step / _STEPS
        weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        x, y = (sum(w * p[k] for w, p in zip(weights, (start, b, c, d), strict=True)) for k in (0, 1))
        found.append((x, y))
    return found


@cache
def _font(size: float) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _write(draw: Any, text: Text, scale: float) -> None:
    """A text in the room that the layout has left for it; bold by a thin outline."""
    room = width(text.text, text.size, text.bold) * scale
    size = text.size * scale
    stroke = 0.022 * size if text.bold else 0.0
    font = _font(round(size, 1))
    found = font.getlength(text.text)
    if found > room:
        font = _font(round(size * room / found, 1))
        found = font.getlength(text.text)
    x = text.x * scale + ((room - found) / 2 if text.bold else 0.0)
    place = (x, text.y * scale)
    draw.text(place, text.text, fill=text.color, font=font, anchor="ls", stroke_width=stroke, stroke_fill=text.color)
