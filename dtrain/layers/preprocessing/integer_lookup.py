"""Integers as their numbers in a vocabulary."""

from __future__ import annotations

from typing import Any

from ..arguments import one_of, plain_attributes
from .index_lookup import IndexLookup


class IntegerLookup(IndexLookup):
    """Integers as their numbers in a vocabulary of integers. Arguments as in `IndexLookup`.

    Args:
        vocabulary_dtype: accepted as in Keras.
        oov_method: how unknown integers are divided among several numbers; only "floormod".
        salt: only None.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_dtype = vocabulary_dtype
        self.oov_method = one_of("IntegerLookup", "oov_method", oov_method, ("floormod",))
        if salt is not None:
            raise ValueError(f"IntegerLookup: salt is not supported. Received: salt={salt!r}")
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            name=name,
            **kwargs,
        )

    def token(self, value: Any) -> int:
        """`value` as an integer."""
        return int(value)

    def unknown_number(self, token: int) -> int:
        """The remainder of the division by the number of numbers."""
        return token % self.num_oov_indices

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values, with the vocabulary."""
        return {**super().get_config(), **plain_attributes(self, "vocabulary_dtype", "oov_method")}
