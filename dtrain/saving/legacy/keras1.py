"""Layer configurations of Keras 1 in the names and values of today."""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]

_CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
}
_NAMES = {
    "W_constraint": "kernel_constraint",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "atrous_rate": "dilation_rate",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "beta_init": "beta_initializer",
    "bias": "use_bias",
    "border_mode": "padding",
    "depthwise_init": "depthwise_initializer",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "filter_length": "kernel_size",
    "gamma_init": "gamma_initializer",
    "init": "kernel_initializer",
    "inner_activation": "recurrent_activation",
    "inner_init": "recurrent_initializer",
    "nb_filter": "filters",
    "p": "rate",
    "pointwise_init": "pointwise_initializer",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
_FOR_EMBEDDINGS = {
    "W_constraint": "embeddings_constraint",
    "W_regularizer": "embeddings_regularizer",
    "init": "embeddings_initializer",
}
_SPATIAL = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_DEAD = ("consume_less", "input_dtype", "mode", "weights")
_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first"}
_MERGES = {
    "ave": "Average",
    "concat": "Concatenate",
    "cos": "Dot",
    "dot": "Dot",
    "max": "Maximum",
    "min": "Minimum",
    "mul": "Multiply",
    "sum": "Add",
}
_INITIALIZERS = {"normal": "random_normal", "one": "ones", "uniform": "random_uniform", "zero": "zeros"}
_CONSTRAINTS = {"m": "max_value", "low": "min_value", "high": "max_value"}


def from_keras1(class_name: str, config: Config) -> tuple[str, Config]:
    """Class name and configuration of a layer of Keras 1 as they are called today."""
    if class_name == "Merge":
        return _merge(config)
    names = _NAMES | _FOR_EMBEDDINGS if class_name == "Embedding" else _NAMES
    result: Config = {}
    for key, value in config.items():
        if key == "output_dim" and class_name != "Embedding":
            key = "units"
        if key not in _DEAD:
            result[names.get(key, key)] = _value(key, value)
    for parts in _SPATIAL:
        if parts[0] in result:
            result["kernel_size"] = [result.pop(part) for part in parts]
    if "dim_ordering" in result:
        result["data_format"] = _DATA_FORMATS.get(result.pop("dim_ordering"), "channels_last")
    if "forget_bias_init" in result:
        result["unit_forget_bias"] = result.pop("forget_bias_init") in ("one", "ones")
    return _CLASSES.get(class_name, class_name), result


def _merge(config: Config) -> tuple[str, Config]:
    mode = config.get("mode")
    if config.get("mode_type", "raw") != "raw" or mode not in _MERGES or config.get("layers"):
        raise ValueError(
            f"The layer {config.get('name')!r}, a `Merge` of Keras 1, cannot be read: expected one of the modes "
            f"{sorted(_MERGES)} on the outputs of layers. Received: mode={mode!r}"
        )
    result: Config = {"name": config.get("name")}
    if mode == "concat":
        result["axis"] = config.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        result |= {"axes": config.get("dot_axes", -1), "normalize": mode == "cos"}
    return _MERGES[mode], result


def _value(key: str, value: Any) -> Any:
    if key.endswith("init") and isinstance(value, str):
        return _INITIALIZERS.get(value, value)
    if not isinstance(value, dict) or "class_name" in value or "name" not in value:
        return value
    settings = {k: v for k, v in value.items() if k != "name"}
    if key.endswith("_regularizer"):
        return {"class_name": "L1L2", "config": {k: settings.get(k, 0.0) for k in ("l1", "l2")}}
    if key.endswith("_constraint"):
        return {"class_name": value["name"], "config": {_CONSTRAINTS.get(k, k): v for k, v in settings.items()}}
    return value
