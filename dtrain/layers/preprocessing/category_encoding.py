"""Numbers of categories as vectors."""

from __future__ import annotations

from typing import Any

from dtrain import ops

from ..arguments import one_of, plain_attributes, positive_int
from ..layer import Layer
from .encoding import encode


class CategoryEncoding(Layer):
    """Integers in [0, num_tokens) as vectors of length `num_tokens`.

    Args:
        num_tokens: number of categories.
        output_mode: "one_hot": a vector for each integer; "multi_hot": one for each row, with ones at all integers
            that occur; "count": with how often they do.
        sparse: only False.
    """

    input_dtype_hint = "int32"

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if sparse:
            raise ValueError("CategoryEncoding: sparse tensors are not supported. Use sparse=False")
        mode = "multi_hot" if output_mode == "binary" else output_mode
        self.num_tokens = positive_int("CategoryEncoding", "num_tokens", num_tokens)
        self.output_mode = one_of("CategoryEncoding", "output_mode", mode, ("one_hot", "multi_hot", "count"))
        self._build_at_init()

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors.

        Args:
            count_weights: with "count", what each integer of the inputs counts for.
        """
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"CategoryEncoding: count_weights needs output_mode='count', not {self.output_mode!r}")
        return encode(ops.cast(inputs, "int32"), self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values."""
        return {**super().get_config(), **plain_attributes(self, "num_tokens", "output_mode")}
