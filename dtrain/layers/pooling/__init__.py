"""Pooling."""

from ..old_paths import old_path

# Keras 1 and 2 had these here.
__getattr__ = old_path(
    __name__,
    "AveragePooling1D AveragePooling2D AveragePooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
    "GlobalMaxPooling1D GlobalMaxPooling2D MaxPooling1D MaxPooling2D MaxPooling3D",
)
