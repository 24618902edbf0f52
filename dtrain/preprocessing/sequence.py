"""Sequences of different lengths."""

from dtrain.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
