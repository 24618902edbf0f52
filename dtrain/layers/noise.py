"""Noise, where Keras 1 and 2 had them."""

from .old_paths import old_path

__getattr__ = old_path(__name__, "AlphaDropout GaussianDropout GaussianNoise")
