"""TensorFlow functions that Keras 2 took into Functional models as layers (`TFOpLambda`), as operations of Keras 3."""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]

CLASSES = ("TFOpLambda", "SlicingOpLambda")

# TensorFlow's function -> class of Keras 3; arguments that are handed on in this order; others by their new names.
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "__operators__.add": ("Add", ("x", "y"), {}),
    "__operators__.getitem": ("GetItem", ("tensor", "slice_spec"), {}),
    "cast": ("Cast", ("x",), {"dtype": "dtype"}),
    "concat": ("Concatenate", ("values",), {"axis": "axis"}),
    "expand_dims": ("ExpandDims", ("input",), {"axis": "axis"}),
    "linalg.matmul": ("Matmul", ("a", "b"), {}),
    "math.abs": ("Absolute", ("x",), {}),
    "math.add": ("Add", ("x", "y"), {}),
    "math.divide": ("Divide", ("x", "y"), {}),
    "math.exp": ("Exp", ("x",), {}),
    "math.log": ("Log", ("x",), {}),
    "math.maximum": ("Maximum", ("x", "y"), {}),
    "math.minimum": ("Minimum", ("x", "y"), {}),
    "math.multiply": ("Multiply", ("x", "y"), {}),
    "math.negative": ("Negative", ("x",), {}),
    "math.pow": ("Power", ("x", "y"), {}),
    "math.reduce_max": ("Max", ("input_tensor",), {"axis": "axis", "keepdims": "keepdims"}),
    "math.reduce_mean": ("Mean", ("input_tensor",), {"axis": "axis", "keepdims": "keepdims"}),
    "math.reduce_min": ("Min", ("input_tensor",), {"axis": "axis", "keepdims": "keepdims"}),
    "math.reduce_sum": ("Sum", ("input_tensor",), {"axis": "axis", "keepdims": "keepdims"}),
    "math.sigmoid": ("Sigmoid", ("x",), {}),
    "math.sqrt": ("Sqrt", ("x",), {}),
    "math.square": ("Square", ("x",), {}),
    "math.subtract": ("Subtract", ("x", "y"), {}),
    "math.tanh": ("Tanh", ("x",), {}),
    "math.truediv": ("TrueDivide", ("x", "y"), {}),
    "nn.relu": ("Relu", ("features",), {}),
    "nn.softmax": ("Softmax", ("logits",), {"axis": "axis"}),
    "reshape": ("Reshape", ("tensor",), {"shape": "newshape"}),
    "squeeze": ("Squeeze", ("input",), {"axis": "axis"}),
    "stack": ("Stack", ("values",), {"axis": "axis"}),
    "tile": ("Tile", ("input",), {"multiples": "repeats"}),
    "transpose": ("Transpose", ("a",), {"perm": "axes"}),
}


def as_operation(entry: Config) -> Config:
    """The entry of a TensorFlow function in a model of Keras 2 as that of an operation of Keras 3.

    Raises:
        ValueError: for a function without a counterpart here.
    """
    function = entry["config"]["function"]
    if function not in _FUNCTIONS:
        raise ValueError(
            f"The layer {entry['config'].get('name')!r} is TensorFlow's function tf.{function}, which cannot be read. "
            f"Known are: {', '.join(sorted(_FUNCTIONS))}"
        )
    class_name, positional, renamed = _FUNCTIONS[function]
    return {
        "module": "keras.src.ops.numpy",
        "class_name": class_name,
        "config": {"name": entry["config"]["name"]},
        "registered_name": class_name,
        "name": entry.get("name", entry["config"]["name"]),
        "inbound_nodes": [_node(call, positional, renamed) for call in entry.get("inbound_nodes", ())],
    }


def _node(call: list[Any], positional: tuple[str, ...], renamed: dict[str, str]) -> Config:
    """`["a", 0, 0, {"y": ["b", 0, 0]}]`: the first argument, then the others by TensorFlow's names."""
    several = bool(call) and isinstance(call[0], list)
    entries = call if several else [call]
    given = {key: _value(value) for key, value in dict(entries[0][3]).items()}
    given[positional[0]] = [_first(entry) for entry in entries] if several else _first(call)
    args = [given[name] for name in positional if name in given]
    kwargs = {new: given[old] for old, new in renamed.items() if given.get(old) is not None}
    return {"args": args, "kwargs": kwargs}


def _first(entry: list[Any]) -> Any:
    return entry[2] if entry[0] == "_CONSTANT_VALUE" else _tensor(entry)


def _value(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str) and type(value[1]) is int:
        return _tensor(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict) and set(value) == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": value}
    return value


def _tensor(place: list[Any]) -> Config:
    config = {"shape": [], "dtype": "float32", "keras_history": place[:3]}
    return {"class_name": "__keras_tensor__", "config": config}
