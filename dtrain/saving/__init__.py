"""Files of models and weights in the formats of all generations of Keras, and the registry of users' own classes."""

from dtrain.lazy import attach

_PLACES = {
    "model_file": "load_model save_model",
    "registration": """
        CustomObjectScope custom_object_scope get_custom_objects get_registered_name get_registered_object
        register_keras_serializable
    """,
    "serialization": "deserialize_keras_object serialize_keras_object",
    "weights": "weights_tree",
    "weights_file": "load_weights save_weights",
}

_NAMES = {name: module for module, names in _PLACES.items() for name in names.split()}
__getattr__, __dir__ = attach(__name__, _NAMES)
__all__ = [*_NAMES]
