"""Layers at the heart of most models."""

from ..old_paths import old_path

# Keras 1 and 2 had these here.
__getattr__ = old_path(
    __name__,
    "Activation ActivityRegularization Dense Dropout Flatten Lambda Masking Permute RepeatVector Reshape "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
)
