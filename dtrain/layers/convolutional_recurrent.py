"""Convolutions in recurrent layers, where Keras 1 and 2 had them."""

from .old_paths import old_path

__getattr__ = old_path(__name__, "ConvLSTM1D ConvLSTM2D ConvLSTM3D")
