"""A drawing as a PDF of one page, in the Helvetica that every reader of PDF has."""

from __future__ import annotations

import zlib

from .scene import Curve, Point, Rectangle, Scene, Text, arrow

_LARGEST = 14_400.0  # points; a larger drawing is made smaller, as readers go no further
_KAPPA = 0.5523  # of a quarter of a circle as a Bézier curve


def to_pdf(scene: Scene) -> bytes:
    """The drawing as a PDF document, one point for each point of the drawing."""
    scale = min(1.0, _LARGEST / max(scene.width, scene.height))
    page = _Page(scene.height)
    for shape in scene.shapes:
        if isinstance(shape, Rectangle):
            page.rectangle(shape)
        elif isinstance(shape, Curve):
            page.curve(shape)
        else:
            page.text(shape)
    content = zlib.compress(f"{scale:.5f} 0 0 {scale:.5f} 0 0 cm\n{page}".encode("cp1252"))
    box = f"[0 0 {scene.width * scale:.2f} {scene.height * scale:.2f}]"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>".encode(),
        f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode() + content + b"\nendstream",
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
    ]
    return _document(objects)


def _document(objects: list[bytes]) -> bytes:
    """The objects with the table of their places."""
    body, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, len(body))
    )


class _Page:
    """The operators of one page; its y goes upwards."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._lines = ["1 J 1 j"]

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def _p(self, point: Point) -> str:
        return f"{point[0]:.2f} {self._height - point[1]:.2f}"

    def curve(self, curve: Curve) -> None:
        """The line and the arrow head."""
        parts = [" ".join(map(self._p, part)) + (" l" if len(part) == 1 else " c") for part in curve.parts]
        self._lines.append(f"1 w {_rgb(curve.stroke)} RG {self._p(curve.start)} m {' '.join(parts)} S")
        a, b, c = (self._p(point) for point in arrow(curve))
        self._lines.append(f"{_rgb(curve.stroke)} rg {a} m {b} l {c} l f")

    def rectangle(self, r: Rectangle) -> None:
        """Fill and stroke."""
        k, below = r.radius * (1 - _KAPPA), 0.0 if r.flat_below else r.radius
        x, y, right, bottom, c = r.x, r.y, r.x + r.width, r.y + r.height, r.radius
        kb = below * (1 - _KAPPA)
        path = [
            f"{self._p((x + c, y))} m {self._p((right - c, y))} l",
            self._bend((right - k, y), (right, y + k), (right, y + c)),
            f"{self._p((right, bottom - below))} l",
            self._bend((right, bottom - kb), (right - kb, bottom), (right - below, bottom)),
            f"{self._p((x + below, bottom))} l",
            self._bend((x + kb, bottom), (x, bottom - kb), (x, bottom - below)),
            f"{self._p((x, y + c))} l",
            self._bend((x, y + k), (x + k, y), (x + c, y)),
        ]
        paint = f"{_rgb(r.fill)} rg" if r.fill else f"0.8 w {_rgb(r.stroke)} RG"
        self._lines.append(f"{paint} {' '.join(path)} h {'f' if r.fill else 'S'}")

    def _bend(self, *points: Point) -> str:
        return " ".join(map(self._p, points)) + " c"

    def text(self, text: Text) -> None:
        """One line; letters that the font does not have become question marks."""
        known = text.text.encode("cp1252", "replace").decode("cp1252")
        escaped = known.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        font = f"/F{2 if text.bold else 1} {text.size:.1f} Tf"
        self._lines.append(f"BT {font} {_rgb(text.color)} rg {self._p((text.x, text.y))} Td ({escaped}) Tj ET")


def _rgb(color: str) -> str:
    return " ".join(f"{int(color[k : k + 2], 16) / 255:.3f}" for k in (1, 3, 5))
