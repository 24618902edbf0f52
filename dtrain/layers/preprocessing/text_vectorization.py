"""Texts as the numbers of their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dtrain.graph import Array, Tensor, as_tensor

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer
from .string_lookup import StringLookup

_STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLIT = ("whitespace", "character")
_MODES = ("int", "multi_hot", "count", "tf_idf")
_PUNCTUATION = re.compile("[" + re.escape("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'") + "]")


class TextVectorization(Layer):
    """Texts as numbers of words in a vocabulary, which `adapt(texts)` finds: the most frequent words first.

    With "int", 0 fills short texts up and 1 stands for unknown words. Like the lookup layers, it is called on arrays
    of strings before a model, and cannot be a part of one.

    Args:
        max_tokens: the largest size of the vocabulary, with the two special words (None: no limit).
        standardize: what is done to a text first: "lower_and_strip_punctuation", "lower", "strip_punctuation", None,
            or a function of an array of strings.
        split: "whitespace" into words, "character" into characters, None, or a function of an array of strings that
            returns a list of words for each.
        ngrams: also take so many neighbouring words together as one (a number: up to that many; a tuple: just those).
        output_mode: "int": numbers in their order; "multi_hot", "count", "tf_idf": a vector for each text.
        output_sequence_length: with "int", to which length texts are cut and filled up; None: that of the longest.
        pad_to_max_tokens: whether vectors have `max_tokens` places even if the vocabulary is smaller.
        vocabulary: the known words, without the special ones; else call `adapt(texts)`.
        idf_weights: with "tf_idf", a weight for each of them.
        sparse, ragged: only False.
        encoding: of bytes among the inputs.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[[Any], Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[[Any], Any] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ValueError("TextVectorization: sparse and ragged tensors are not supported. Use False for both")
        mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        if standardize is not None and not callable(standardize):
            one_of("TextVectorization", "standardize", standardize, _STANDARDIZE)
        if split is not None and not callable(split):
            one_of("TextVectorization", "split", split, _SPLIT)
        self.standardize = standardize
        self.split = split
        self.ngrams = ngrams
        self.output_mode = one_of("TextVectorization", "output_mode", mode, _MODES)
        if output_sequence_length is not None and mode != "int":
            raise ValueError(
                f'TextVectorization: output_sequence_length needs output_mode="int". Received: {output_mode=}'
            )
        self.output_sequence_length = (
            None
            if output_sequence_length is None
            else positive_int("TextVectorization", "output_sequence_length", output_sequence_length)
        )
        self.max_tokens = max_tokens
        self.pad_to_max_tokens = pad_to_max_tokens
        self.encoding = encoding
        self.autocast = False
        self._build_at_init()
        self._lengths = (
            (1,) if ngrams is None else tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else (*ngrams,)
        )
        self._lookup = StringLookup(
            max_tokens, mask_token="" if mode == "int" else None, vocabulary=vocabulary, idf_weights=idf_weights,
            output_mode=mode, pad_to_max_tokens=pad_to_max_tokens, encoding=encoding, dtype=self.dtype_policy,
        )  # fmt: skip

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find the vocabulary of texts: an array or list of strings, or an iterable of batches of them.

        Args:
            batch_size: accepted as in Keras.
            steps: so many batches of an iterable; None: all.
        """
        self._lookup.adapt(_documents(self, data, steps))

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these words as the vocabulary."""
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The words in the order of their numbers."""
        return self._lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of words, special ones included."""
        return self._lookup.vocabulary_size()

    def words(self, texts: Any) -> list[list[str]]:
        """The words of each text, neighbours taken together included."""
        flat = np.ravel(np.asarray(texts, object)).tolist()
        strings = [t.decode(self.encoding) if isinstance(t, bytes) else str(t) for t in flat]
        return [self._with_neighbours(words) for words in self._split(self._standardized(strings))]

    def call(self, inputs: Any) -> Any:
        """Numbers (texts, words) or vectors (texts, vocabulary); of one text alone without the first axis.

        Texts that are neither split nor taken together have one number each.
        """
        if isinstance(inputs, Tensor):
            raise ValueError(
                f"TextVectorization {self.name!r} cannot be a part of a model: call it on the texts before. "
                "Received: a tensor"
            )
        texts = np.asarray(inputs, object)
        if texts.ndim > 2 or (texts.ndim == 2 and texts.shape[1] != 1):
            raise ValueError(
                f"TextVectorization: expected texts of shape (texts,) or (texts, 1). Received: shape {texts.shape}"
            )
        found = self.words(texts)
        if self.output_mode != "int":
            places = self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()
            vectors: Array = np.zeros((len(found), places), self.compute_dtype)
            for row, words in zip(vectors, found, strict=True):
                if words:
                    row[:] = np.asarray(self._lookup(np.asarray(words, object)[None]))[0]
            return as_tensor(vectors if texts.ndim else vectors[0])
        if self.split is None and self.ngrams is None and self.output_sequence_length is None:
            return self._lookup(np.asarray([words[0] for words in found], object).reshape(texts.shape))
        longest = max(map(len, found), default=0)
        padded: Array = np.full((len(found), self.output_sequence_length or longest), "", object)
        for row, words in zip(padded, found, strict=True):
            kept = words[: len(row)]
            row[: len(kept)] = kept
        numbers = self._lookup(padded)
        return numbers if texts.ndim else numbers[0]

    def _standardized(self, texts: list[str]) -> list[str]:
        if callable(self.standardize):
            return [str(text) for text in np.asarray(self.standardize(np.asarray(texts, object))).tolist()]
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            texts = [text.lower() for text in texts]
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            texts = [_PUNCTUATION.sub("", text) for text in texts]
        return texts

    def _split(self, texts: list[str]) -> list[list[str]]:
        if callable(self.split):
            return [[str(word) for word in words] for words in self.split(np.asarray(texts, object))]
        if self.split == "whitespace":
            return [text.split() for text in texts]
        return [list(text) for text in texts] if self.split == "character" else [[text] for text in texts]

    def _with_neighbours(self, words: list[str]) -> list[str]:
        if self.ngrams is None:
            return words
        return [" ".join(words[k : k + n]) for n in self._lengths for k in range(len(words) - n + 1)]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values, with the vocabulary."""
        lookup = self._lookup.get_config()
        return {
            **super().get_config(),
            **plain_attributes(
                self, "max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length",
                "pad_to_max_tokens", "encoding",
            ),
            "sparse": False,
            "ragged": False,
            "vocabulary": lookup["vocabulary"],
            "idf_weights": lookup["idf_weights"],
        }  # fmt: skip


def _documents(layer: TextVectorization, data: Any, steps: int | None) -> Iterator[Array]:
    """The words of each text as a batch of one row."""
    batches = [data] if isinstance(data, (str, list, tuple, np.ndarray)) else data
    for step, batch in enumerate(batches):
        if steps is not None and step >= steps:
            return
        for words in layer.words(batch[0] if isinstance(batch, tuple) else batch):
            yield np.asarray(words, object)[None]
