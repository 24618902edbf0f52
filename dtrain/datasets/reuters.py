"""11,228 newswires of Reuters of 1987, as numbers of words, in 46 topics."""

from __future__ import annotations

import numpy as np

from .keras_cache import Array, find_file, read_npz
from .words import frequent, not_longer, shuffled, with_start, word_index

Pair = tuple[Array, Array]


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x arrays of lists of word numbers, y the topic; arguments as of `imdb`.

    Args:
        test_split: the part of the newswires that is for tests.

    Raises:
        FileNotFoundError: the file is nowhere; the message says where to put it.
        ValueError: for a damaged file, or a `maxlen` that leaves nothing.
    """
    file = read_npz(find_file("reuters", path), "x", "y")
    x, y = shuffled(file["x"], file["y"], np.random.RandomState(seed))
    texts, labels = not_longer(with_start(x, start_char, index_from), y, maxlen)
    words = frequent(texts, num_words, skip_top, oov_char)
    cut = int(len(words) * (1 - test_split))
    return (words[:cut], labels[:cut]), (words[cut:], labels[cut:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of each word, 1 the most frequent one (without `index_from`)."""
    return word_index("reuters", path)
