"""Files from public mirrors: what was received is checked by its SHA-256 before it gets its name."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from .files import write_whole

_TIMEOUT_S = (10, 30)  # to connect, and between two packets
_GZIP_MAGIC = b"\x1f\x8b"


def download_gzip(name: str, digest: str, size: int, mirrors: Sequence[str], folder: Path) -> Path:
    """Fetch `name.gz` from the first mirror that has it, and put its content at `folder/name`.

    Several processes may do this at once: each renames a complete file into place.

    Args:
        digest: SHA-256 of the content, in hexadecimal digits.
        size: bytes of the content; nothing beyond is decompressed.
        mirrors: addresses of folders, each ending in "/".

    Raises:
        OSError: no mirror gave this content (the message has each one's reason), or the folder cannot be written.
    """
    reasons = []
    for mirror in mirrors:
        address = f"{mirror}{name}.gz"
        try:
            content = _decompress(_get(address), size)
        except (OSError, EOFError, zlib.error) as error:  # the errors of requests are OSErrors
            reasons.append(f"{address}: {error}")
            continue
        found = sha256(content).hexdigest()
        if found == digest:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / name, content)
            return folder / name
        reasons.append(f"{address}: expected content with SHA-256 {digest}. Received: {found}")
    raise OSError("; ".join(reasons))


def _get(address: str) -> bytes:
    from pooch import HTTPDownloader

    received = io.BytesIO()
    HTTPDownloader(chunk_size=1 << 16, timeout=_TIMEOUT_S)(address, received, None)
    return received.getvalue()


def _decompress(data: bytes, size: int) -> bytes:
    if data[:2] != _GZIP_MAGIC:  # some servers decompress what they send
        return data
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        return stream.read(size + 1)
