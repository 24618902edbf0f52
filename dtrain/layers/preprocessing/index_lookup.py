"""What the layers that turn tokens of a vocabulary into numbers have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dtrain import ops
from dtrain.graph import Array, Tensor, as_tensor

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer
from .encoding import encode

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class IndexLookup(Layer):
    """Tokens as their numbers in a vocabulary: the mask token (if any) is 0, then come `num_oov_indices` numbers for
    tokens that are not in the vocabulary, then the vocabulary.

    The lookup is done when the layer is called on arrays: it belongs before a model, not into one.

    Args:
        max_tokens: the largest size of the vocabulary, special tokens included (None: no limit).
        num_oov_indices: how many numbers unknown tokens share; 0: an unknown token is an error.
        mask_token, oov_token: the special tokens.
        vocabulary: the known tokens; else call `adapt(data)`.
        idf_weights: for "tf_idf", a weight for each token of the vocabulary.
        invert: whether numbers become tokens.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf" (counts times weights).
        pad_to_max_tokens: whether vectors have `max_tokens` places even if the vocabulary is smaller.
        sparse: only False.
    """

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        if sparse:
            raise ValueError(f"{name}: sparse tensors are not supported. Use sparse=False")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{name}: pad_to_max_tokens=True needs max_tokens. Received: max_tokens=None")
        if invert and output_mode != "int":
            raise ValueError(f"{name}: invert=True needs output_mode='int'. Received: output_mode={output_mode!r}")
        mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        self.max_tokens = None if max_tokens is None else positive_int(name, "max_tokens", max_tokens)
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.invert = invert
        self.output_mode = one_of(name, "output_mode", mode, _MODES)
        self.pad_to_max_tokens = pad_to_max_tokens
        self.sparse = sparse
        self.autocast = False
        self._build_at_init()
        self._tokens: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._idf: Array | None = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # -- what subclasses write ------------------------------------------------------------------------------------

    def token(self, value: Any) -> Any:
        """A value of the inputs as a token."""
        raise NotImplementedError

    def unknown_number(self, token: Any) -> int:
        """Which of the `num_oov_indices` numbers an unknown token has."""
        raise NotImplementedError

    # -- vocabulary -----------------------------------------------------------------------------------------------

    @property
    def _special(self) -> list[Any]:
        """The special tokens in their order."""
        return [*([] if self.mask_token is None else [self.mask_token]), *[self.oov_token] * self.num_oov_indices]

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these tokens (with or without the special ones in front) as the vocabulary.

        Raises:
            ValueError: for repeated tokens, or more than `max_tokens`.
        """
        tokens = [self.token(t) for t in np.asarray(vocabulary).tolist()]
        special = self._special
        with_special = bool(special) and tokens[: len(special)] == special
        tokens = tokens[len(special) :] if with_special else tokens
        repeated = [t for t, n in Counter(tokens).items() if n > 1]
        if repeated or not tokens:
            raise ValueError(
                f"{type(self).__name__}: expected a vocabulary of distinct tokens. Received: {repeated or 'no tokens'}"
            )
        if self.max_tokens is not None and len(tokens) + len(special) > self.max_tokens:
            raise ValueError(
                f"{type(self).__name__}: the vocabulary has {len(tokens) + len(special)} tokens, special ones "
                f"included. Received: max_tokens={self.max_tokens}"
            )
        self._tokens = tokens
        self._numbers = {token: number for number, token in enumerate(tokens, len(special))}
        if idf_weights is not None:
            weights = np.asarray(idf_weights, np.float32)
            unknown = [] if with_special else [weights.mean()] * len(special)
            self._idf = np.concatenate([np.asarray(unknown, np.float32), weights])

    def adapt(self, data: Any) -> None:
        """Build the vocabulary from an array or an iterable of batches: the most frequent tokens first."""
        counts: Counter[Any] = Counter()
        documents: Counter[Any] = Counter()
        rows = 0
        for row in _rows(data):
            tokens = [self.token(value) for value in row]
            counts.update(tokens)
            documents.update(set(tokens))
            rows += 1
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        ordered = sorted(counts, key=lambda t: (counts[t], t), reverse=True)
        kept = ordered if self.max_tokens is None else ordered[: self.max_tokens - len(self._special)]
        weights = None
        if self.output_mode == "tf_idf":
            weights = [float(np.log(1 + rows / (1 + documents[token]))) for token in kept]
        self.set_vocabulary(kept, weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers."""
        return [*self._special, *self._tokens] if include_special_tokens else list(self._tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens, special ones included."""
        return len(self._special) + len(self._tokens)

    # -- lookup ---------------------------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """Numbers or vectors for tokens; with `invert`, tokens for numbers."""
        if not self._tokens:
            raise ValueError(f"{type(self).__name__} {self.name!r} has no vocabulary: give one or call `adapt(data)`")
        if isinstance(inputs, Tensor) and inputs.array is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} cannot be a part of a model: call it on the data before. "
                "Received: the symbolic input of a model"
            )
        values = np.asarray(inputs)
        if self.invert:
            table = np.asarray(self.get_vocabulary())
            known = (values >= 0) & (values < len(table))
            return np.where(known, table[np.where(known, values, 0)], np.asarray(self.oov_token))
        numbers = np.fromiter((self._number(self.token(v)) for v in values.ravel().tolist()), np.int64, values.size)
        return self._encoded(as_tensor(numbers.reshape(values.shape)))

    def _encoded(self, numbers: Tensor) -> Any:
        depth = self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()
        if self.output_mode != "tf_idf":
            return encode(numbers, self.output_mode, depth, self.compute_dtype)
        if self._idf is None:
            raise ValueError(f"{type(self).__name__} {self.name!r}: output_mode='tf_idf' needs idf_weights or adapt()")
        weights = np.pad(self._idf, (0, depth - len(self._idf))).astype(self.compute_dtype)
        return ops.multiply(encode(numbers, "count", depth, self.compute_dtype), weights)

    def _number(self, token: Any) -> int:
        number = self._numbers.get(token)
        if number is not None:
            return number
        if self.mask_token is not None and token == self.mask_token:
            return 0
        if self.num_oov_indices == 0:
            raise ValueError(f"{type(self).__name__} {self.name!r}: {token!r} is not in the vocabulary")
        return (self.mask_token is not None) + self.unknown_number(token)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values, with the vocabulary."""
        return {
            **super().get_config(),
            **plain_attributes(
                self, "max_tokens", "num_oov_indices", "mask_token", "oov_token", "invert", "output_mode",
                "pad_to_max_tokens", "sparse",
            ),
            "vocabulary": list(self._tokens) or None,
            "idf_weights": None if self._idf is None else self._idf[len(self._special) :].tolist(),
        }  # fmt: skip


def _rows(data: Any) -> Iterable[Sequence[Any]]:
    """Lists of values, one for each row."""
    batches = [data] if isinstance(data, (np.ndarray, Tensor, list, tuple)) else data
    for batch in batches:
        values = np.asarray(batch)
        yield from (values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)).tolist()
