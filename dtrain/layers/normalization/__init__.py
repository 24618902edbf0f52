"""Normalization."""

from ..old_paths import old_path

# Keras 1 and 2 had these here.
__getattr__ = old_path(__name__, "BatchNormalization LayerNormalization")
