"""Counter-based random streams, each a pure function of (seed, purpose, name, epoch, step) and the global row index.

Philox-4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.3) turns a 128-bit key and
a counter into blocks of 256 bits. The key is a hash of what the numbers are for, the counter the place in the stream.
A row starts at a block boundary, so a rank draws just its own rows and gets the values every other world size gets.
"""

from collections.abc import Iterator
from hashlib import blake2b
from operator import index

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

_BLOCK_FLOATS = 8  # one Philox block is 4 x 64 bits and makes 8 floats of 32 bits
_CHUNK_FLOATS = 1 << 15  # raw words are drawn in pieces that stay in the cache, never as one batch-sized array
_UNIT = np.float32(2.0**-24)
_TWO_PI = np.float32(2.0 * np.pi)


def philox(
    seed: int, purpose: str, name: str = "", epoch: int = 0, step: int = 0, *, counter: int = 0
) -> np.random.Philox:
    """Return the bit generator of a key, at block `counter` of its stream.

    `key = BLAKE2b-128(netstrings of seed, purpose, name, epoch, step)`: every field enters with its length, so two
    different keys never hash the same text.
    """
    fields = (str(index(seed)), purpose, name, str(index(epoch)), str(index(step)))
    encoded = [field.encode() for field in fields]
    text = b"".join(b"%d:%b," % (len(field), field) for field in encoded)
    key = int.from_bytes(blake2b(text, digest_size=16).digest(), "little")
    return np.random.Philox(key=key, counter=counter)


def generator(seed: int, purpose: str, name: str = "", epoch: int = 0, step: int = 0) -> np.random.Generator:
    """Return NumPy's `Generator` at the start of a key's stream: for initializers, permutations and the like."""
    return np.random.Generator(philox(seed, purpose, name, epoch, step))


def uniform_rows(
    seed: int,
    purpose: str,
    name: str,
    epoch: int,
    step: int,
    first_row: int,
    rows: int,
    row_size: int,
    *,
    out: FloatArray | None = None,
) -> FloatArray:
    """Draw rows `first_row .. first_row + rows` of a key's endless table of uniform numbers in [0, 1).

    `value = (32-bit word >> 8) * 2**-24`, words taken low half first; row r begins at block
    `r * ceil(row_size / 8)`. The values of row r depend on the key, `row_size` and r only.

    Args:
        first_row: the global index of the first row.
        out: float32 (rows, row_size), written and returned; nothing of that size is allocated then.

    Returns:
        float32 (rows, row_size).
    """
    result = _prepare_out(rows, row_size, first_row, out)
    for at, words in _words(seed, purpose, name, epoch, step, first_row, rows, row_size):
        words >>= np.uint32(8)
        piece = result[at : at + len(words)]
        piece[...] = words
        piece *= _UNIT
    return result


def normal_rows(
    seed: int,
    purpose: str,
    name: str,
    epoch: int,
    step: int,
    first_row: int,
    rows: int,
    row_size: int,
    *,
    out: FloatArray | None = None,
) -> FloatArray:
    """Draw rows of a key's endless table of standard normal numbers; arguments as in `uniform_rows`.

    `sqrt(-2 log(1 - u)) * (cos(2 pi v), sin(2 pi v))` with u and v the two halves of a row of uniforms (Box and Muller
    1958). The uniforms are the same bits everywhere; logarithm, sine and cosine are NumPy's, exact to rounding.

    Returns:
        float32 (rows, row_size).
    """
    result = _prepare_out(rows, row_size, first_row, out)
    half = -(-row_size // 2)
    for at, words in _words(seed, purpose, name, epoch, step, first_row, rows, 2 * half):
        words >>= np.uint32(8)
        uniform = words.astype(np.float32)
        uniform *= _UNIT
        radius, angle = uniform[:, :half], uniform[:, half:]
        np.log(np.subtract(1, radius, out=radius), out=radius)
        radius *= np.float32(-2)
        np.sqrt(radius, out=radius)
        angle *= _TWO_PI
        piece = result[at : at + len(words)]
        np.multiply(radius, np.cos(angle), out=piece[:, :half])
        np.multiply(radius, np.sin(angle), out=angle)
        piece[:, half:] = angle[:, : row_size - half]
    return result


def _prepare_out(rows: int, row_size: int, first_row: int, out: FloatArray | None) -> FloatArray:
    if min(rows, row_size, first_row) < 0:
        raise ValueError(
            "random rows: first_row, rows and row_size must not be negative. "
            f"Received: first_row={first_row}, rows={rows}, row_size={row_size}"
        )
    if out is None:
        return np.empty((rows, row_size), np.float32)
    if out.shape != (rows, row_size) or out.dtype != np.float32:
        raise ValueError(
            f"random rows: out must be float32 of shape {(rows, row_size)}. Received: {out.dtype} of shape {out.shape}"
        )
    return out


def _words(
    seed: int, purpose: str, name: str, epoch: int, step: int, first_row: int, rows: int, row_size: int
) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    """Yield (position, raw words (n, row_size)) for runs of rows that together fill about a chunk."""
    if rows == 0 or row_size == 0:
        return
    blocks = -(-row_size // _BLOCK_FLOATS)
    row_floats = blocks * _BLOCK_FLOATS
    bits = philox(seed, purpose, name, epoch, step, counter=first_row * blocks)
    run = max(1, _CHUNK_FLOATS // row_floats)
    for at in range(0, rows, run):
        count = min(run, rows - at)
        raw = bits.random_raw(count * row_floats // 2)
        words = raw.astype("<u8", copy=False).view("<u4").reshape(count, row_floats)
        yield at, words[:, :row_size]
