"""Calls of `dtrain.ops` in a Functional model, as Keras 3 writes them into files: `{"class_name": "Add", ...}`.

Keras has a class for every function. Tensors are arguments of the class's call, everything else of its constructor.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from dtrain.graph.symbolic import Node, OpCall, is_operation, is_symbolic
from dtrain.saving.serialization import serialize_keras_object


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Parameters that Keras hands to the call of an operation; all others are in its configuration.
_CALLED_WITH = _words(
    """
    x x1 x2 xs a array start stop step weights key fill_value constant_values q indices condition condlist choicelist
    default inputs kernel depthwise_kernel pointwise_kernel target output target_length output_length mean variance
    offset scale gamma beta query value bias mask data segment_ids targets predictions y b values updates start_indices
    variable sorted_sequence sequence_lengths rtol atol operands test_elements
    """
)
_CONFIGURED = {
    "allclose": frozenset({"rtol", "atol"}),
    "diagonal": frozenset({"offset"}),
    "scatter": frozenset({"shape"}),
    "squareplus": frozenset({"b"}),
    "trace": frozenset({"offset"}),
    "trapezoid": frozenset({"x"}),
}
_MODULES = {
    "nn": _words(
        """
        relu relu6 sigmoid sparse_sigmoid softplus softsign soft_shrink sparse_plus silu squareplus log_sigmoid
        leaky_relu hard_sigmoid hard_silu elu selu gelu celu glu tanh_shrink hard_tanh hard_shrink threshold softmax
        log_softmax sparsemax max_pool average_pool conv depthwise_conv separable_conv conv_transpose one_hot
        binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy multi_hot moments
        batch_normalization normalize psnr dot_product_attention rms_normalization layer_normalization
        """
    ),
    "math": _words(
        """
        segment_sum segment_max segment_min segment_prod top_k in_top_k logsumexp cdist extract_sequences fft fft2
        ifft2 rfft irfft rsqrt erf erfc erfinv
        """
    ),
    "core": _words(
        "cast convert_to_tensor saturate_cast scatter scatter_update slice slice_update stop_gradient unstack"
    ),
    "linalg": _words("cholesky det eig eigh inv norm qr solve solve_triangular svd lstsq matrix_rank pinv"),
}
_CLASSES = {
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "fft": "FFT",
    "fft2": "FFT2",
    "ifft2": "IFFT2",
    "irfft": "IRFFT",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rfft": "RFFT",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "svd": "SVD",
}


def op_entry(operation: OpCall, name: str) -> dict[str, Any]:
    """The entry of an op among a Functional model's layers, without its node."""
    function = operation.function.__name__
    family = next((m for m, names in _MODULES.items() if function in names), "numpy")
    class_name = _class_name(function)
    node = operation._inbound_nodes[0]
    config = {key: serialize_keras_object(value) for key, value in _bound(operation, node)[1].items()}
    return {
        "module": f"keras.src.ops.{family}",
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": class_name,
    }


def op_arguments(operation: OpCall, node: Node) -> list[Any]:
    """What the op's node is called with in Keras's schema: the parameters that are not in the configuration."""
    return _bound(operation, node)[0]


def _bound(operation: OpCall, node: Node) -> tuple[list[Any], dict[str, Any]]:
    """`(arguments of the call, configuration)`, with defaults for what was not given: Keras asks for some of them."""
    name = operation.function.__name__
    signature = inspect.signature(operation.function)
    bound = signature.bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    called: list[Any] = []
    config: dict[str, Any] = {}
    for key, value in bound.arguments.items():
        kind = signature.parameters[key].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            called.extend(value)
        elif key in _CALLED_WITH and key not in _CONFIGURED.get(name, ()):
            called.append(value)
        elif kind is not inspect.Parameter.VAR_KEYWORD:
            config[key] = value
    return called, config


def find_op(entry: dict[str, Any]) -> Callable[..., Any] | None:
    """The function of `dtrain.ops` that an entry of a Functional model means; None if it means a layer.

    In legacy files, which name no module, a layer's configuration has an entry `trainable`, an op's has not.
    """
    module = entry.get("module")
    if module is None:
        if "trainable" in entry["config"] or entry["class_name"] == "InputLayer" or "layers" in entry["config"]:
            return None
    elif ".ops" not in module:
        return None
    return _ops_by_class().get(entry["class_name"].lower())


def call_op(function: Callable[..., Any], config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call an op as an entry of a file says: arguments of the node, then what the configuration holds.

    Raises:
        ValueError: when no argument is a symbolic tensor: the op would be computed now, however large its result.
    """
    if not is_symbolic(*args, *kwargs.values()):
        raise ValueError(f"Model: the operation {function.__name__!r} is called on no symbolic tensor")
    known = inspect.signature(function).parameters
    settings = {key: value for key, value in config.items() if key in known and key not in ("name", *kwargs)}
    if function.__name__ == "get_item" and isinstance(args[1], list):
        args = [args[0], tuple(args[1]), *args[2:]]
    if next(iter(known), None) in settings and args:  # `einsum(subscripts, *operands)`
        return function(settings.pop(next(iter(known))), *args, **settings, **kwargs)
    return function(*args, **settings, **kwargs)


def _class_name(function: str) -> str:
    return _CLASSES.get(function) or "".join(part[:1].upper() + part[1:] for part in function.split("_"))


@cache
def _ops_by_class() -> dict[str, Callable[..., Any]]:
    from dtrain import ops

    found: dict[str, Callable[..., Any]] = {}
    for namespace in (ops, getattr(ops, "nn", ops), getattr(ops, "linalg", ops)):
        for name in dir(namespace):
            function = getattr(namespace, name)
            # Those that are no operations on tensors run functions, for ever if they like; no file needs them.
            if inspect.isfunction(function) and not name.startswith("_") and is_operation(function):
                found.setdefault(_class_name(name).lower(), function)
    return found
