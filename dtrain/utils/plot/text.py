"""How wide a text is in Helvetica, in which formats without a font of their own are drawn (Adobe's font metrics)."""

from __future__ import annotations

# Widths in thousandths of the font's size, of the characters from space to tilde.
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
_OTHERS = 1000  # letters of other scripts, about as wide as high
_BOLD = 1.06


def width(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in points, a little generous where the font may be another one."""
    thousandths = sum(_WIDTHS[ord(c) - 32] if 32 <= ord(c) <= 126 else _OTHERS for c in text)
    return thousandths / 1000 * size * (_BOLD if bold else 1.0)
