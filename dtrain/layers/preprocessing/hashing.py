"""Values of any kind as numbers of a fixed range."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np

from dtrain.graph import Tensor, as_tensor

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer
from .encoding import encode

_MODES = ("int", "one_hot", "multi_hot", "count")


class Hashing(Layer):
    """Strings or integers as numbers in [0, num_bins), by a hash (BLAKE2b): the same in every process and run.

    They are not the numbers that TensorFlow's hash gives. Called on arrays, before a model.

    Args:
        num_bins: how many numbers there are, with the one of `mask_value`.
        mask_value: a value that becomes 0; all others then become 1 and more.
        salt: changes which values share a number.
        output_mode: "int", or vectors: "one_hot", "multi_hot" or "count".
        sparse: only False.
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if sparse:
            raise ValueError("Hashing: sparse tensors are not supported. Use sparse=False")
        self.num_bins = positive_int("Hashing", "num_bins", num_bins)
        self.mask_value = mask_value
        self.salt = salt
        self.output_mode = one_of("Hashing", "output_mode", output_mode, _MODES)
        self.sparse = sparse
        self.autocast = False
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The numbers, or vectors."""
        if isinstance(inputs, Tensor) and inputs.array is None:
            raise ValueError(
                f"Hashing {self.name!r} cannot be a part of a model: call it on the data before. "
                "Received: the symbolic input of a model"
            )
        values = np.asarray(inputs)
        key = b"" if self.salt is None else str(self.salt).encode()
        found = np.fromiter((self._number(v, key) for v in values.ravel().tolist()), np.int64, values.size)
        return encode(as_tensor(found.reshape(values.shape)), self.output_mode, self.num_bins, self.compute_dtype)

    def _number(self, value: Any, key: bytes) -> int:
        if isinstance(value, bytes):
            value = value.decode()
        if self.mask_value is None:
            return bin_of(str(value), self.num_bins, key)
        if value == self.mask_value:
            return 0
        return 1 + bin_of(str(value), self.num_bins - 1, key) if self.num_bins > 1 else 0

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        names = "num_bins", "mask_value", "salt", "output_mode", "sparse"
        return {**super().get_config(), **plain_attributes(self, *names)}


def bin_of(text: str, bins: int, key: bytes = b"") -> int:
    """A number in [0, bins) for a text, the same everywhere."""
    digest = blake2b(text.encode(), digest_size=8, key=key[:64]).digest()
    return int.from_bytes(digest, "little") % bins
