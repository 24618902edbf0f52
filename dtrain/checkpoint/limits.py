"""How much memory a file may ask for: what it declares must be near to what it really holds."""

from __future__ import annotations

FREE_BYTES = 1 << 26  # data may declare so much, and
_EXPANSION = 20  # so many times the size of the file: compressed weights do not come near to it


def allowed_bytes(file_bytes: int) -> int:
    """The most that the contents of a file of `file_bytes` bytes may take when they are unpacked."""
    return FREE_BYTES + _EXPANSION * file_bytes
