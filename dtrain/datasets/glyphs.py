"""The ten digits as pen strokes: control points in a box of -1..1 (x right, y down), joined by Catmull-Rom splines.

Several ways to write each digit. A stroke is a run of control points; where two strokes share a point the pen turns a
corner; a stroke that ends where it began is a smooth loop.
"""

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]

POINTS = 56  # pen positions a glyph is drawn with


@dataclass(frozen=True)
class Glyph:
    """One way to write a digit: control points and strokes, each stroke a tuple of indices of points."""

    digit: int
    points: tuple[Point, ...]
    strokes: tuple[tuple[int, ...], ...]


GLYPHS = (
    Glyph(
        0,
        ((0, -0.95), (-0.42, -0.65), (-0.55, 0), (-0.42, 0.65), (0, 0.95), (0.42, 0.65), (0.55, 0), (0.42, -0.65)),
        ((0, 1, 2, 3, 4, 5, 6, 7, 0),),
    ),
    Glyph(
        0,
        ((0.12, -0.9), (-0.3, -0.7), (-0.45, 0.1), (-0.2, 0.85), (0.2, 0.85), (0.45, 0.1), (0.32, -0.6), (-0.1, -0.85)),
        ((0, 1, 2, 3, 4, 5, 6, 7),),
    ),
    Glyph(1, ((0.02, -0.95), (0, 0), (-0.02, 0.95)), ((0, 1, 2),)),
    Glyph(1, ((-0.32, -0.55), (0.08, -0.95), (0.06, 0), (0.04, 0.95)), ((0, 1), (1, 2, 3))),
    Glyph(
        1,
        ((-0.35, -0.6), (0.05, -0.95), (0.04, 0), (0.03, 0.9), (-0.38, 0.92), (0.42, 0.9)),
        ((0, 1), (1, 2, 3), (4, 3, 5)),
    ),
    Glyph(
        2,
        ((-0.48, -0.55), (-0.3, -0.88), (0.1, -0.95), (0.43, -0.6), (0.2, 0), (-0.5, 0.85), (0.05, 0.86), (0.56, 0.84)),
        ((0, 1, 2, 3, 4, 5), (5, 6, 7)),
    ),
    Glyph(
        2,
        (
            (-0.45, -0.6),
            (0, -0.95),
            (0.42, -0.55),
            (0.15, 0.15),
            (-0.3, 0.75),
            (-0.55, 0.72),
            (-0.35, 0.5),
            (0.1, 0.78),
            (0.58, 0.72),
        ),
        ((0, 1, 2, 3, 4, 5, 6, 7, 8),),
    ),
    Glyph(
        3,
        (
            (-0.45, -0.7),
            (-0.05, -0.95),
            (0.4, -0.6),
            (0.25, -0.2),
            (-0.12, -0.06),
            (0.35, 0.1),
            (0.48, 0.5),
            (0.05, 0.95),
            (-0.5, 0.7),
        ),
        ((0, 1, 2, 3, 4), (4, 5, 6, 7, 8)),
    ),
    Glyph(
        3,
        ((-0.42, -0.88), (0.42, -0.9), (-0.05, -0.15), (0.35, 0.05), (0.48, 0.45), (0.1, 0.92), (-0.5, 0.72)),
        ((0, 1), (1, 2), (2, 3, 4, 5, 6)),
    ),
    Glyph(
        4,
        (
            (-0.36, -0.88),
            (-0.44, -0.35),
            (-0.48, 0.12),
            (0.1, 0.1),
            (0.56, 0.05),
            (0.3, -0.7),
            (0.26, 0.1),
            (0.2, 0.95),
        ),
        ((0, 1, 2), (2, 3, 4), (5, 6, 7)),
    ),
    Glyph(
        4,
        ((0.25, -0.95), (-0.15, -0.3), (-0.55, 0.3), (0.05, 0.28), (0.6, 0.26), (0.24, 0), (0.22, 0.95)),
        ((0, 1, 2), (2, 3, 4), (0, 5, 6)),
    ),
    Glyph(
        5,
        (
            (0.48, -0.9),
            (0.05, -0.88),
            (-0.34, -0.86),
            (-0.4, -0.15),
            (0.1, -0.28),
            (0.46, 0.1),
            (0.4, 0.65),
            (0, 0.92),
            (-0.5, 0.72),
        ),
        ((0, 1, 2), (2, 3), (3, 4, 5, 6, 7, 8)),
    ),
    Glyph(
        5,
        (
            (0.48, -0.85),
            (0, -0.9),
            (-0.35, -0.6),
            (-0.2, -0.2),
            (0.28, 0),
            (0.42, 0.45),
            (0.12, 0.88),
            (-0.45, 0.8),
        ),
        ((0, 1, 2, 3, 4, 5, 6, 7),),
    ),
    Glyph(
        6,
        (
            (0.36, -0.9),
            (-0.15, -0.62),
            (-0.46, 0),
            (-0.4, 0.62),
            (0, 0.93),
            (0.4, 0.62),
            (0.32, 0.16),
            (-0.05, 0.02),
            (-0.4, 0.34),
        ),
        ((0, 1, 2, 3, 4, 5, 6, 7, 8),),
    ),
    Glyph(
        6,
        (
            (0.05, -0.95),
            (-0.25, -0.3),
            (-0.35, 0.4),
            (-0.1, 0.9),
            (0.3, 0.8),
            (0.36, 0.42),
            (0.1, 0.22),
            (-0.2, 0.4),
            (-0.26, 0.7),
        ),
        ((0, 1, 2, 3, 4, 5, 6, 7, 8),),
    ),
    Glyph(7, ((-0.5, -0.85), (0, -0.88), (0.48, -0.88), (0.1, 0), (-0.15, 0.95)), ((0, 1, 2), (2, 3, 4))),
    Glyph(
        7,
        ((-0.5, -0.62), (-0.45, -0.88), (0, -0.85), (0.5, -0.88), (0.2, -0.1), (0.05, 0.95)),
        ((0, 1), (1, 2, 3), (3, 4, 5)),
    ),
    Glyph(
        7,
        ((-0.46, -0.88), (0.46, -0.88), (0.12, 0), (-0.12, 0.95), (-0.25, 0.02), (0.48, -0.02)),
        ((0, 1), (1, 2, 3), (4, 2, 5)),
    ),
    Glyph(
        8,
        (
            (0.36, -0.68),
            (0, -0.95),
            (-0.38, -0.62),
            (0, -0.08),
            (0.44, 0.48),
            (0, 0.95),
            (-0.44, 0.48),
            (0.02, -0.06),
        ),
        ((0, 1, 2, 3, 4, 5, 6, 7, 0),),
    ),
    Glyph(
        8,
        (
            (0.02, -0.1),
            (-0.34, -0.5),
            (0, -0.94),
            (0.36, -0.52),
            (-0.44, 0.44),
            (0, 0.94),
            (0.46, 0.42),
        ),
        ((0, 1, 2, 3, 0), (0, 4, 5, 6, 0)),
    ),
    Glyph(
        9,
        ((0.4, -0.6), (0, -0.92), (-0.42, -0.5), (-0.05, -0.06), (0.38, -0.35), (0.37, 0.2), (0.3, 0.95)),
        ((0, 1, 2, 3, 4, 0), (0, 5, 6)),
    ),
    Glyph(
        9,
        (
            (0.4, -0.5),
            (0.05, -0.93),
            (-0.38, -0.6),
            (-0.15, -0.12),
            (0.38, -0.4),
            (0.42, 0.25),
            (0.15, 0.85),
            (-0.4, 0.78),
        ),
        ((0, 1, 2, 3, 4), (0, 5, 6, 7)),
    ),
)

CONTROLS = max(len(glyph.points) for glyph in GLYPHS)


def control_points() -> NDArray[np.float32]:
    """Return the control points of all glyphs, (glyph, CONTROLS, 2); glyphs with fewer end in zeros."""
    table = np.zeros((len(GLYPHS), CONTROLS, 2), np.float32)
    for row, glyph in zip(table, GLYPHS, strict=True):
        row[: len(glyph.points)] = glyph.points
    return table


def pen_positions() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return for each glyph and pen position four control points and their spline weights, both (glyph, POINTS, 4)."""
    indices = np.zeros((len(GLYPHS), POINTS, 4), np.intp)
    weights = np.zeros((len(GLYPHS), POINTS, 4), np.float32)
    for number, glyph in enumerate(GLYPHS):
        position = 0
        spans = _spans(glyph)
        for span, count in zip(spans, _share_points(glyph, spans), strict=True):
            for at in range(count):
                indices[number, position] = span
                weights[number, position] = _catmull_rom(at / (count - 1))
                position += 1
    return indices, weights


def _spans(glyph: Glyph) -> list[tuple[int, int, int, int]]:
    """Return the neighbours (before, from, to, after) of every piece of every stroke."""
    spans = []
    for stroke in glyph.strokes:
        closed = stroke[0] == stroke[-1]
        before = stroke[-2] if closed else stroke[0]
        after = stroke[1] if closed else stroke[-1]
        around = (before, *stroke, after)
        spans += [around[at : at + 4] for at in range(len(stroke) - 1)]
    return [(a, b, c, d) for a, b, c, d in spans]


def _share_points(glyph: Glyph, spans: list[tuple[int, int, int, int]]) -> list[int]:
    """Divide POINTS among the spans by their length, at least two for each."""
    lengths = []
    for _, start, stop, _ in spans:
        (x0, y0), (x1, y1) = glyph.points[start], glyph.points[stop]
        lengths.append(hypot(x1 - x0, y1 - y0))
    counts = [2] * len(spans)
    for _ in range(POINTS - sum(counts)):
        sparsest = max(range(len(spans)), key=lambda at: lengths[at] / (counts[at] - 1))
        counts[sparsest] += 1
    return counts


def _catmull_rom(t: float) -> tuple[float, float, float, float]:
    """Return the weights of four control points at `t` of 0..1 between the middle two (Catmull and Rom 1974)."""
    return (
        0.5 * t * ((2 - t) * t - 1),
        0.5 * (t * t * (3 * t - 5) + 2),
        0.5 * t * ((4 - 3 * t) * t + 1),
        0.5 * t * t * (t - 1),
    )
