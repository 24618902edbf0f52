"""One-hot rows and normalized arrays, where Keras 1 and 2 had them."""

from dtrain.layers.old_paths import old_path

__getattr__ = old_path(__name__, "normalize to_categorical", "dtrain.utils")
