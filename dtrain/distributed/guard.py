"""Finds out that ranks differ before their numbers are mixed: raw MPI would add different things and report success."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from dtrain.distributed.communicator import Array, Communicator
from dtrain.distributed.errors import DesyncError
from dtrain.distributed.words import numbered

Value = str | int | float | bytes
_SHOWN = 5  # fields in one message
_ABSENT = "nothing"
_ROUNDING = 1e-3


def compare(communicator: Communicator, fields: Mapping[str, Value]) -> None:
    """Return if all ranks hold the same fields with the same values. Every rank must call it.

    One digest is exchanged; the fields themselves only when the digests differ.

    Raises:
        DesyncError: on every rank alike, naming the fields, the ranks and their values.
    """
    own = {name: _text(value) for name, value in fields.items()}
    if _all_equal(communicator, _digest(repr(sorted(own.items())).encode())):
        return
    differences = _differences(_fields_of_all(communicator, own))
    lines = [f"  {name}: {sides(texts)}" for name, texts in differences[:_SHOWN]]
    if len(differences) > _SHOWN:
        lines.append(f"  and {len(differences) - _SHOWN} more")
    raise DesyncError(
        "Ranks differ in what must be the same on all of them:\n"
        + "\n".join(lines)
        + "\nRun the same script with the same arguments, versions and files everywhere."
    )


def compare_arrays(communicator: Communicator, arrays: Mapping[str, Array], when: str = "") -> None:
    """Return if all ranks hold the same names, shapes, dtypes and bits. Every rank must call it.

    Args:
        communicator: the ranks.
        arrays: by name, for instance the weights; slices of a flat array will do.
        when: said in the error, for instance `"after step 120"`.

    Raises:
        DesyncError: on every rank alike, naming the first array that differs and the ranks.
    """
    if communicator.size == 1:
        return
    own = {name: array_digest(array) for name, array in arrays.items()}
    if _all_equal(communicator, _digest(repr(list(own.items())).encode())):
        return
    differences = _differences(communicator.allgather(own))
    moment = f" {when}" if when else ""
    if not differences:
        raise DesyncError(f"Ranks hold the same arrays{moment}, but in different orders.")
    name, texts = differences[0]
    raise DesyncError(
        f"Ranks differ{moment} in {len(differences)} of {len(own)} arrays, first in {name!r}: digest {sides(texts)}. "
        "The copies of the model have drifted apart: the numbers of this run cannot be trusted."
    )


def compare_samples(communicator: Communicator, samples: Mapping[str, Array]) -> None:
    """Return if all ranks hold the same numbers but for rounding. Every rank must call it.

    Args:
        communicator: the ranks.
        samples: by name, small arrays: they are exchanged when their bits differ, as those of data do that each rank
            has computed by itself on another processor.

    Raises:
        DesyncError: on every rank alike, naming the first array that differs and the ranks.
    """
    if communicator.size == 1:
        return
    own = {name: array_digest(array) for name, array in samples.items()}
    if _all_equal(communicator, _digest(repr(list(own.items())).encode())):
        return
    everyone = communicator.allgather(dict(samples))
    for name in samples:
        texts = _kinds([found.get(name) for found in everyone])
        if len(set(texts)) > 1:
            raise DesyncError(
                f"Ranks differ in {name}: {sides(texts)}. Every rank must be given the whole data, the same as all "
                "others: dtrain takes the rows of each rank by itself. Load the same files everywhere, and draw what "
                "is random from a seed."
            )


def _kinds(arrays: list[Array | None]) -> list[str]:
    """For each array a text that is the same for those which are the same but for rounding."""
    known: list[tuple[Array, str]] = []
    texts = []
    for array in arrays:
        if array is None:
            texts.append(_ABSENT)
            continue
        text = next((text for other, text in known if _near(array, other)), None)
        if text is None:
            text = f"{', '.join(f'{v:.6g}' for v in array.reshape(-1)[:4])}, ... (digest {array_digest(array)})"
            known.append((array, text))
        texts.append(text)
    return texts


def _near(a: Array, b: Array) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    scale = float(np.max(np.abs(b[np.isfinite(b)]), initial=0))
    return bool(np.allclose(a, b, rtol=_ROUNDING, atol=_ROUNDING * scale, equal_nan=True))


def array_digest(array: Array) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of dtype, shape and bits of `array`."""
    content = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    content.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return content.hexdigest()[:16]


def _fields_of_all(communicator: Communicator, own: dict[str, str]) -> list[dict[str, str]]:
    everyone = communicator.allgather(own)
    others = [rank for rank, found in enumerate(everyone) if not isinstance(found, dict)]
    if others:
        raise DesyncError(
            f"Ranks make different calls: rank {communicator.rank} begins to train, to evaluate or to predict, while "
            f"{numbered('rank', others)} exchanged something else. Make the same calls on all ranks, in the same order."
        )
    return everyone


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _all_equal(communicator: Communicator, digest: bytes) -> bool:
    return communicator.size == 1 or len(set(communicator.allgather(digest))) == 1


def _text(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)


def _differences(everyone: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """Return the fields that differ, in the order of rank 0, each with one text per rank."""
    names = dict.fromkeys(name for fields in everyone for name in fields)
    columns = ((name, [fields.get(name, _ABSENT) for fields in everyone]) for name in names)
    return [(name, texts) for name, texts in columns if len(set(texts)) > 1]


def sides(texts: list[str]) -> str:
    """Say who has what, the majority last: `rank 1 has 3, ranks 0, 2 have 4`. A tie is decided by rank 0."""
    counts = Counter(texts)
    expected = max(counts, key=lambda text: (counts[text], text == texts[0]))
    others = [text for text in counts if text != expected]
    return ", ".join(_side(texts, text) for text in [*others[:_SHOWN], expected])


def _side(texts: list[str], text: str) -> str:
    ranks = [rank for rank, own in enumerate(texts) if own == text]
    shown = text if len(text) <= 200 else text[:197] + "..."
    return f"rank {ranks[0]} has {shown}" if len(ranks) == 1 else f"ranks {_ranges(ranks)} have {shown}"


def _ranges(ranks: Iterable[int]) -> str:
    """Shorten runs: 0, 1, 2, 5 becomes `0-2, 5`."""
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and rank == runs[-1][1] + 1:
            runs[-1][1] = rank
        else:
            runs.append([rank, rank])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
