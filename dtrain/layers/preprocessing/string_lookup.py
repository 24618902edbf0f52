"""Strings as their numbers in a vocabulary."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from ..arguments import plain_attributes
from .index_lookup import IndexLookup


class StringLookup(IndexLookup):
    """Strings as their numbers in a vocabulary of strings. Arguments as in `IndexLookup`.

    With several numbers for unknown strings, a string's number is a hash (BLAKE2b) of it: the same in every process,
    but not the one that TensorFlow would give.

    Args:
        encoding: of bytes among the inputs.
        salt: changes which unknown strings share a number.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        self.salt = salt
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

    def token(self, value: Any) -> str:
        """`value` as a string."""
        return value.decode(self.encoding) if isinstance(value, bytes) else str(value)

    def unknown_number(self, token: str) -> int:
        """A number that depends on the string alone."""
        if self.num_oov_indices == 1:
            return 0
        digest = blake2b(f"{self.salt}:{token}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") % self.num_oov_indices

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values, with the vocabulary."""
        return {**super().get_config(), **plain_attributes(self, "encoding", "salt")}
