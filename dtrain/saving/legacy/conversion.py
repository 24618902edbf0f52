"""Arrays of layers of Keras 1 and 2 in today's order and shape. I inputs, O outputs, U units, H W kernel lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dtrain.graph import Array
from dtrain.layers.layer import Layer

Arrays = list[Array]

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")
# Keras 1 keeps (W, U, b) of the LSTM's gates i, c, f, o one after the other; today they are joined as i, f, c, o.
_LSTM_GATES = (0, 2, 1, 3)
_GRU_GATES = (0, 1, 2)


def converted(layer: Layer, arrays: Sequence[Array], keras_version: str, backend: str | None) -> Arrays:
    """The arrays of one layer as this version keeps them."""
    kind, result = type(layer).__name__, list(arrays)
    if kind == "Bidirectional":
        half = len(result) // 2
        parts = ((layer.forward_layer, result[:half]), (layer.backward_layer, result[half:]))  # type: ignore[attr-defined]
        return [a for inner, part in parts for a in converted(inner, part, keras_version, backend)]
    if kind == "TimeDistributed":
        return converted(layer.layer, result, keras_version, backend)  # type: ignore[attr-defined]
    if isinstance(getattr(layer, "layers", None), list):
        return _nested(layer, result, keras_version, backend)
    if keras_version.startswith(("0", "1")):
        result = _from_keras1(layer, kind, result)
    if kind in _CONVOLUTIONS and result:
        result[0] = _kernel(layer, result[0], backend)
    if kind in ("LSTM", "GRU"):
        result = _from_cudnn(layer, kind, result)
    return result


def _nested(model: Any, arrays: Arrays, keras_version: str, backend: str | None) -> Arrays:
    """A model inside a model: trainable arrays of all its layers, then the others."""
    rest, result = arrays, []
    for names in ("trainable_weights", "non_trainable_weights"):
        for layer in model.layers:
            count = len(getattr(layer, names))
            own, rest = rest[:count], rest[count:]
            result += converted(layer, own, keras_version, backend) if names == "trainable_weights" else own
    return result + rest


def _from_keras1(layer: Any, kind: str, arrays: Arrays) -> Arrays:
    first = getattr(layer, "data_format", None) == "channels_first"
    if kind == "LSTM" and len(arrays) == 12:
        return _join_gates(arrays, _LSTM_GATES)
    if kind == "GRU" and len(arrays) == 9:
        return _join_gates(arrays, _GRU_GATES)
    if not arrays:
        return arrays
    kernel, rest = arrays[0], arrays[1:]
    if kind == "Conv1D" and kernel.ndim == 4:
        if kernel.shape[:2] != (layer.kernel_size[0], 1):  # (O, I, H, 1) of early releases
            kernel = kernel.transpose(2, 3, 1, 0)
        kernel = kernel[:, 0]
    elif kind == "Conv2D" and first:
        kernel = kernel.transpose(2, 3, 1, 0)
    elif kind == "Conv3D" and first:
        kernel = kernel.transpose(2, 3, 4, 1, 0)
    elif kind == "Conv2DTranspose":
        kernel = kernel.transpose(2, 3, 0, 1) if first else kernel.transpose(0, 1, 3, 2)
    return [kernel, *rest]


def _join_gates(arrays: Arrays, order: Sequence[int]) -> Arrays:
    """Three arrays for each gate -> kernel (I, gates * U), recurrent kernel (U, gates * U), bias (gates * U,)."""
    return [np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1) for part in range(3)]


def _kernel(layer: Any, kernel: Array, backend: str | None) -> Array:
    """Theano convolved with a flipped kernel; some files hold (O, I, H, W)."""
    if backend == "theano":
        axes = tuple(range(kernel.ndim - 2))
        kernel = np.flip(kernel, axes)
    wanted = layer.weights[0].shape if layer.weights else kernel.shape
    if kernel.shape != wanted and kernel.ndim == 4 and kernel.transpose(3, 2, 0, 1).shape == wanted:
        kernel = kernel.transpose(3, 2, 0, 1)
    return kernel


def _from_cudnn(layer: Any, kind: str, arrays: Arrays) -> Arrays:
    """CuDNNLSTM and CuDNNGRU keep two biases, and every gate's kernel transposed."""
    gates = {"LSTM": 4, "GRU": 3}[kind]
    if len(arrays) != 3 or arrays[2].shape != (2 * gates * layer.units,):
        return arrays
    kernel, recurrent, bias = arrays
    halves = np.split(bias, 2)
    return [
        _each_gate(kernel, gates, lambda k: k.T.reshape(k.shape, order="F")),
        _each_gate(recurrent, gates, lambda k: k.T),
        halves[0] + halves[1] if kind == "LSTM" else np.stack(halves),
    ]


def _each_gate(kernel: Array, gates: int, function: Callable[[Array], Array]) -> Array:
    return np.hstack([function(part) for part in np.hsplit(kernel, gates)])
