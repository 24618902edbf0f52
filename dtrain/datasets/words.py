"""What the two data sets of texts share: words as numbers, the most frequent one 1."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from .keras_cache import Array, find_file

Sequences = list[list[int]]


def shuffled(x: Array, y: Array, random: np.random.RandomState) -> tuple[Array, Array]:
    """Texts and labels in another order."""
    order = np.arange(len(x))
    random.shuffle(order)
    return x[order], y[order]


def with_start(texts: Iterable[Iterable[int]], start_char: int | None, index_from: int) -> Sequences:
    """Every word's number moved up by `index_from`, and a number for the start in front."""
    start = [] if start_char is None else [start_char]
    return [start + [word + (index_from or 0) for word in text] for text in texts]


def not_longer(texts: Sequences, labels: Array, maxlen: int | None) -> tuple[Sequences, Array]:
    """The texts of fewer than `maxlen` numbers, with their labels.

    Raises:
        ValueError: when none is left.
    """
    if not maxlen:
        return texts, labels
    kept = [k for k, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise ValueError(f"load_data: no text has fewer than maxlen={maxlen} words. Give a larger maxlen")
    return [texts[k] for k in kept], labels[kept]


def frequent(texts: Sequences, num_words: int | None, skip_top: int, oov_char: int | None) -> Array:
    """The numbers from `skip_top` to below `num_words`; others become `oov_char`, or are left out for None."""
    limit = num_words or max((max(text, default=0) for text in texts), default=0) + 1
    result = np.empty(len(texts), object)
    for k, text in enumerate(texts):
        if oov_char is None:
            result[k] = [word for word in text if skip_top <= word < limit]
        else:
            result[k] = [word if skip_top <= word < limit else oov_char for word in text]
    return result


def word_index(dataset: str, path: str) -> dict[str, int]:
    """The number of each word.

    Raises:
        ValueError: for a file of something else.
    """
    place = find_file(dataset, path)
    try:
        table = json.loads(place.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: expected JSON. Found: {error}") from error
    if not isinstance(table, dict) or not all(type(number) is int for number in table.values()):
        raise ValueError(f"{place}: expected an object of words and their numbers")
    return table
