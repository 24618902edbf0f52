"""Helpers that bring data into the form of a model's inputs."""

from dtrain.lazy import attach

_NAMES = dict.fromkeys(("image", "sequence"), "")
__getattr__, __dir__ = attach(__name__, _NAMES)
__all__ = [*_NAMES]
