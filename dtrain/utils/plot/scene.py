"""A drawing without a format: rectangles, curves and texts in points, y downwards."""

from __future__ import annotations

from dataclasses import dataclass, field

Point = tuple[float, float]
Color = str


@dataclass(frozen=True, slots=True)
class Rectangle:
    """With rounded corners (`radius`), those below square if `flat_below`; an empty colour draws nothing."""

    x: float
    y: float
    width: float
    height: float
    fill: Color = ""
    stroke: Color = ""
    radius: float = 0.0
    flat_below: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """From `start` along lines (one point) and cubic Bézier curves (three points); an arrow head at the end."""

    start: Point
    parts: tuple[tuple[Point, ...], ...]
    stroke: Color

    @property
    def end(self) -> Point:
        return self.parts[-1][-1]

    @property
    def direction(self) -> Point:
        """Where the end points to, one of (0, 1) and (1, 0): edges end along the flow."""
        points = [self.start, *(point for part in self.parts for point in part)]
        before = points[-2]
        dx, dy = self.end[0] - before[0], self.end[1] - before[1]
        return (1.0, 0.0) if abs(dx) > abs(dy) else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Text:
    """One line, its baseline's left end at (x, y)."""

    x: float
    y: float
    text: str
    size: float
    color: Color
    bold: bool = False


@dataclass(slots=True)
class Scene:
    """Everything to draw, in order."""

    width: float
    height: float
    shapes: list[Rectangle | Curve | Text] = field(default_factory=list)


ARROW = 5.0
"""Length of an arrow head in points; it is as wide."""


def arrow(curve: Curve) -> tuple[Point, Point, Point]:
    """The corners of the arrow head at the end of a curve."""
    (x, y), (dx, dy) = curve.end, curve.direction
    back_x, back_y = x - ARROW * dx, y - ARROW * dy
    across = ARROW / 2
    return (x, y), (back_x - across * dy, back_y + across * dx), (back_x + across * dy, back_y - across * dx)
