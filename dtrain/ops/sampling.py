"""Images read at arbitrary places. N images, H W C, P places."""

from __future__ import annotations

from typing import Any

from .activation import clip
from .choice import minimum, where
from .comparison import equal, logical_and
from .creation import cast
from .indexing import take_along_axis
from .powers import mod
from .rounding import floor
from .shaping import broadcast_to, expand_dims, reshape

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("bilinear", "nearest")


def sample(images: Any, rows: Any, columns: Any, fill_mode: str, interpolation: str, fill_value: float) -> Any:
    """The images (N, H, W, C) at the places `rows`, `columns` (N, H, W), which may lie between pixels and outside.

    Args:
        fill_mode: what lies outside: "reflect" (c b a | a b c | c b a), "wrap" (a b c | a b c | a b c),
            "constant" (`fill_value`) or "nearest" (a a a | a b c | c c c).
        interpolation: "bilinear" or "nearest".
    """
    height, width = (int(n) for n in images.shape[1:3])
    y, x = _inside(rows, height, fill_mode), _inside(columns, width, fill_mode)
    if interpolation == "nearest":
        return _pixels(images, floor(y + 0.5), floor(x + 0.5), fill_mode, fill_value)
    top, left = floor(y), floor(x)
    down, right = expand_dims(y - top, -1), expand_dims(x - left, -1)

    def pixels(below: int, beside: int) -> Any:
        return _pixels(images, top + float(below), left + float(beside), fill_mode, fill_value)

    upper = pixels(0, 0) * (1.0 - right) + pixels(0, 1) * right
    lower = pixels(1, 0) * (1.0 - right) + pixels(1, 1) * right
    return upper * (1.0 - down) + lower * down


def _inside(place: Any, length: int, fill_mode: str) -> Any:
    """Places outside moved to where their value is found inside."""
    if fill_mode == "wrap":
        return mod(place, float(length))
    if fill_mode == "reflect":
        place = mod(place + 0.5, 2.0 * length)
        place = minimum(place, 2.0 * length - place) - 0.5
    return place if fill_mode == "constant" else clip(place, 0.0, length - 1.0)


def _pixels(images: Any, rows: Any, columns: Any, fill_mode: str, fill_value: float) -> Any:
    """The pixels (N, H, W, C) at whole places; those just outside are the nearest, the next round, or the constant."""
    count, height, width, channels = images.shape
    if fill_mode == "wrap":
        y, x = mod(rows, float(height)), mod(columns, float(width))
    else:
        y, x = clip(rows, 0.0, height - 1.0), clip(columns, 0.0, width - 1.0)
    size = int(height) * int(width)
    numbers = reshape(cast(y * float(width) + x, "int32"), (count, size, 1))
    numbers = broadcast_to(numbers, (count, size, channels))
    flat = reshape(images, (count, size, channels))
    found = reshape(take_along_axis(flat, numbers, axis=1), images.shape)
    if fill_mode != "constant":
        return found
    known = logical_and(equal(y, rows), equal(x, columns))
    return where(expand_dims(known, -1), found, float(fill_value))
