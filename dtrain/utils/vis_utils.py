"""Pictures of models, where Keras 2 had them."""

from dtrain.layers.old_paths import old_path

__getattr__ = old_path(__name__, "model_to_dot plot_model", "dtrain.utils")
