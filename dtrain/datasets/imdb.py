"""50,000 reviews of films, as numbers of words, and whether they praise (Maas et al. 2011)."""

from __future__ import annotations

import numpy as np

from .keras_cache import Array, find_file, read_npz
from .words import frequent, not_longer, shuffled, with_start, word_index

Pair = tuple[Array, Array]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: int | None,
) -> tuple[Pair, Pair]:
    """`(x_train, y_train), (x_test, y_test)`: x arrays of lists of word numbers, y 0 or 1.

    Args:
        num_words: words that are less frequent become `oov_char`.
        skip_top: so do the most frequent ones.
        maxlen: reviews that are as long or longer are left out.
        seed: of the order.
        start_char: stands in front of every review.
        oov_char: stands for words that are left out; None: nothing stands there.
        index_from: the words' numbers begin above it.
        nb_words: older name of `num_words`.

    Raises:
        FileNotFoundError: the file is nowhere; the message says where to put it.
        ValueError: for a damaged file, or a `maxlen` that leaves nothing.
    """
    num_words = kwargs.pop("nb_words", num_words)
    if kwargs:
        raise TypeError(f"imdb.load_data: unknown argument(s) {', '.join(kwargs)}")
    file = read_npz(find_file("imdb", path), "x_train", "y_train", "x_test", "y_test")
    random = np.random.RandomState(seed)
    parts = [shuffled(file[f"x_{part}"], file[f"y_{part}"], random) for part in ("train", "test")]
    kept = [not_longer(with_start(x, start_char, index_from), y, maxlen) for x, y in parts]
    words = frequent([text for texts, _ in kept for text in texts], num_words, skip_top, oov_char)
    cut = len(kept[0][0])
    return (words[:cut], np.asarray(kept[0][1])), (words[cut:], np.asarray(kept[1][1]))


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word, 1 the most frequent one (without `index_from`)."""
    return word_index("imdb", path)
