"""The table of the battery: layers, arguments, inputs, and the variables that Keras gives them."""

from __future__ import annotations

from typing import Any

from dtrain import layers
from dtrain.saving import register_keras_serializable

from .battery import Case, Weights, part


def _case(make: Any, *inputs: tuple[int, ...], weights: Weights | None = None, **arguments: Any) -> Case:
    options = {
        k: arguments.pop(k)
        for k in ("kinds", "call", "as_list", "apart", "no_difference", "random", "wide")
        if k in arguments
    }
    return Case(make, arguments, inputs, weights or {}, **options)


@register_keras_serializable("layer_cases")
def double(x: Any) -> Any:
    return x * 2.0


@register_keras_serializable("layer_cases")
def add_when_training(x: Any, value: float, training: bool) -> Any:
    return x + value if training else x


@part
def dense(dtype: str) -> Any:
    return layers.Dense(3, name="dense", dtype=dtype)


@part
def convolution(dtype: str) -> Any:
    return layers.Conv1D(3, 2, name="conv1d", dtype=dtype)


@part
def lstm(dtype: str) -> Any:
    return layers.LSTM(4, name="lstm", dtype=dtype)


@part
def lstm_sequences(dtype: str) -> Any:
    return layers.LSTM(4, return_sequences=True, return_state=True, name="lstm", dtype=dtype)


@part
def gru_backwards(dtype: str) -> Any:
    return layers.GRU(4, go_backwards=True, name="gru", dtype=dtype)


@part
def stacked_cells(dtype: str) -> Any:
    cells = layers.GRUCell(2, name="first", dtype=dtype), layers.LSTMCell(4, name="second", dtype=dtype)
    return layers.StackedRNNCells(cells, name="cells", dtype=dtype)


@part
def two_cells(dtype: str) -> Any:
    cells = [layers.SimpleRNNCell(2, name=name, dtype=dtype) for name in ("first", "second")]
    return layers.StackedRNNCells(cells, name="cells", dtype=dtype)


CORE = [
    _case(layers.Dense, (4,), units=3, weights={"kernel": (4, 3), "bias": (3,)}),
    _case(layers.Dense, (2, 4), units=3, use_bias=False, activation="tanh", weights={"kernel": (4, 3)}),
    _case(
        layers.Dense, (3,), units=2, activation="softmax", bias_initializer="ones", kernel_regularizer="l2",
        weights={"kernel": (3, 2), "bias": (2,)},
    ),
    _case(layers.Embedding, (3,), input_dim=7, output_dim=4, kinds=("int:7",), weights={"embeddings": (7, 4)}),
    _case(layers.Activation, (4,), activation="sigmoid"),
    _case(layers.ReLU, (4,), wide=True),
    _case(layers.ReLU, (4,), max_value=1.0, negative_slope=0.1, threshold=0.2, wide=True),
    _case(layers.Softmax, (3, 4)),
    _case(layers.Softmax, (3, 4), axis=(1, 2)),
    _case(layers.Flatten, (2, 3)),
    _case(layers.Flatten, ()),
    _case(layers.Flatten, (2, 3, 4), data_format="channels_first"),
    _case(layers.Reshape, (2, 6), target_shape=(3, -1)),
    _case(layers.Identity, (4,)),
    _case(layers.Masking, (3, 4)),
    _case(layers.Lambda, (4,), function=double),
    _case(layers.Lambda, (4,), function=add_when_training, arguments={"value": 2.0}),
    _case(layers.EinsumDense, (4,), equation="ab,bc->ac", output_shape=3, bias_axes="c",
          weights={"kernel": (4, 3), "bias": (3,)}),
    _case(layers.EinsumDense, (2, 4), equation="...x,xy->...y", output_shape=3, bias_axes="y", activation="tanh",
          weights={"kernel": (4, 3), "bias": (3,)}),
    _case(layers.EinsumDense, (3, 4), equation="abc,cde->abde", output_shape=(None, 2, 5), bias_axes="de",
          weights={"kernel": (4, 2, 5), "bias": (2, 5)}),
    _case(layers.EinsumDense, (3, 4, 2), equation="ab...,bc->ac...", output_shape=5, bias_axes="c",
          weights={"kernel": (3, 5), "bias": (5, 1, 1)}),
    _case(layers.LeakyReLU, (4,), negative_slope=0.2, wide=True),
    _case(layers.ELU, (4,), alpha=0.7, wide=True),
    _case(layers.PReLU, (3, 4), wide=True, weights={"alpha": (3, 4)}),
    _case(layers.PReLU, (3, 4), shared_axes=[1], wide=True, weights={"alpha": (1, 4)}),
    _case(layers.Rescaling, (4,), scale=0.5, offset=-1.0),
    _case(layers.Rescaling, (3,), scale=[0.5, 2.0, 3.0]),
]  # fmt: skip

MERGING = [
    _case(make, (3, 4), (3, 4), (1, 4), wide=True)
    for make in (layers.Add, layers.Average, layers.Multiply, layers.Maximum, layers.Minimum)
] + [
    _case(layers.Add, (4,), as_list=True),
    _case(layers.Add, (3, 4), (4,)),
    _case(layers.Subtract, (3, 4), (3, 4)),
    _case(layers.Dot, (3, 4), (2, 4), axes=-1),
    _case(layers.Dot, (4,), (4,), axes=1, normalize=True),
    _case(layers.Dot, (4, 3), (2, 4), axes=(1, 2)),
    _case(layers.Concatenate, (3, 4), (3, 2)),
    _case(layers.Concatenate, (3, 4), (2, 4), axis=1),
]

_KERNEL2 = {"kernel": (3, 3, 2, 4), "bias": (4,)}
CONVOLUTIONAL = [
    _case(layers.Conv1D, (7, 2), filters=4, kernel_size=3, weights={"kernel": (3, 2, 4), "bias": (4,)}),
    _case(
        layers.Conv1D, (7, 2), filters=4, kernel_size=3, padding="causal", dilation_rate=2,
        weights={"kernel": (3, 2, 4), "bias": (4,)},
    ),
    _case(layers.Conv2D, (6, 5, 2), filters=4, kernel_size=3, weights=_KERNEL2),
    _case(layers.Conv2D, (6, 5, 2), filters=4, kernel_size=3, padding="same", strides=2, weights=_KERNEL2),
    _case(layers.Conv2D, (6, 7, 2), filters=4, kernel_size=(3, 3), dilation_rate=(2, 1), weights=_KERNEL2),
    _case(
        layers.Conv2D, (4, 5, 4), filters=6, kernel_size=(2, 3), groups=2, use_bias=False, activation="tanh",
        weights={"kernel": (2, 3, 2, 6)},
    ),
    _case(layers.Conv2D, (2, 6, 5), filters=4, kernel_size=3, data_format="channels_first", weights=_KERNEL2),
    _case(layers.Conv3D, (4, 3, 4, 2), filters=3, kernel_size=2, weights={"kernel": (2, 2, 2, 2, 3), "bias": (3,)}),
    _case(layers.Conv1DTranspose, (4, 2), filters=3, kernel_size=3, strides=2,
          weights={"kernel": (3, 3, 2), "bias": (3,)}),
    _case(layers.Conv2DTranspose, (3, 4, 2), filters=3, kernel_size=3, strides=2, padding="same",
          weights={"kernel": (3, 3, 3, 2), "bias": (3,)}),
    _case(layers.Conv2DTranspose, (3, 3, 2), filters=3, kernel_size=3, strides=2, output_padding=1,
          weights={"kernel": (3, 3, 3, 2), "bias": (3,)}),
    _case(layers.Conv3DTranspose, (2, 3, 2, 2), filters=2, kernel_size=2, strides=2,
          weights={"kernel": (2, 2, 2, 2, 2), "bias": (2,)}),
    _case(layers.DepthwiseConv1D, (6, 2), kernel_size=3, depth_multiplier=2,
          weights={"kernel": (3, 2, 2), "bias": (4,)}),
    _case(layers.DepthwiseConv2D, (5, 4, 2), kernel_size=3, padding="same",
          weights={"kernel": (3, 3, 2, 1), "bias": (2,)}),
    _case(layers.SeparableConv1D, (6, 2), filters=3, kernel_size=3, depth_multiplier=2,
          weights={"depthwise_kernel": (3, 2, 2), "pointwise_kernel": (1, 4, 3), "bias": (3,)}),
    _case(layers.SeparableConv2D, (5, 4, 2), filters=3, kernel_size=3, strides=2, padding="same",
          weights={"depthwise_kernel": (3, 3, 2, 1), "pointwise_kernel": (1, 1, 2, 3), "bias": (3,)}),
]  # fmt: skip

POOLING = [
    _case(layers.MaxPooling1D, (6, 2), wide=True),
    _case(layers.MaxPooling2D, (5, 6, 2), wide=True),
    _case(layers.MaxPooling2D, (2, 5, 6), pool_size=3, strides=2, padding="same", data_format="channels_first",
          wide=True),
    _case(layers.MaxPooling3D, (4, 4, 3, 2), wide=True),
    _case(layers.AveragePooling1D, (6, 2), pool_size=2),
    _case(layers.AveragePooling2D, (5, 5, 2), pool_size=(2, 3), strides=2, padding="same"),
    _case(layers.AveragePooling3D, (4, 4, 3, 2), pool_size=2),
    _case(layers.AdaptiveAveragePooling1D, (7, 2), output_size=3),
    _case(layers.AdaptiveAveragePooling2D, (5, 6, 2), output_size=(2, 3)),
    _case(layers.AdaptiveAveragePooling3D, (2, 3, 4, 5), output_size=2, data_format="channels_first"),
    _case(layers.AdaptiveMaxPooling1D, (7, 2), output_size=3, wide=True),
    _case(layers.AdaptiveMaxPooling2D, (5, 6, 2), output_size=4, wide=True),
    _case(layers.AdaptiveMaxPooling3D, (3, 3, 4, 1), output_size=2, wide=True),
    _case(layers.GlobalAveragePooling1D, (4, 3)),
    _case(layers.GlobalAveragePooling2D, (4, 3, 2), keepdims=True),
    _case(layers.GlobalAveragePooling3D, (2, 4, 3, 2), data_format="channels_first"),
    _case(layers.GlobalMaxPooling1D, (4, 3), wide=True),
    _case(layers.GlobalMaxPooling2D, (4, 3, 2), wide=True),
    _case(layers.GlobalMaxPooling3D, (2, 4, 3, 2), keepdims=True, wide=True),
]  # fmt: skip

_MOMENTS = {"moving_mean": (3,), "moving_variance": (3,)}
NORMALIZATION = [
    _case(layers.BatchNormalization, (3,), weights={"gamma": (3,), "beta": (3,), **_MOMENTS}),
    _case(layers.BatchNormalization, (4, 5, 3), scale=False, weights={"beta": (3,), **_MOMENTS}),
    _case(layers.BatchNormalization, (3, 4), axis=1, center=False, momentum=0.9, weights={"gamma": (3,), **_MOMENTS}),
]

NORMALIZATION += [
    _case(layers.LayerNormalization, (3, 4), weights={"gamma": (4,), "beta": (4,)}),
    _case(layers.LayerNormalization, (3, 4), rms_scaling=True, weights={"gamma": (4,)}),
    _case(layers.LayerNormalization, (3, 4), axis=(1, 2), scale=False, weights={"beta": (3, 4)}),
    _case(layers.GroupNormalization, (3, 4), groups=2, weights={"gamma": (4,), "beta": (4,)}),
    _case(layers.GroupNormalization, (4, 3, 2), groups=-1, axis=1, center=False, scale=False),
    _case(layers.RMSNormalization, (3, 4), weights={"scale": (4,)}),
    _case(layers.UnitNormalization, (3, 4)),
    _case(layers.UnitNormalization, (3, 4), axis=(1, 2)),
    _case(layers.SpectralNormalization, (4,), layer=dense, power_iterations=2,
          no_difference="dense/kernel",
          weights={"dense/kernel": (4, 3), "vector_u": (1, 3), "dense/bias": (3,)}),
]  # fmt: skip

REGULARIZATION = [
    _case(layers.Dropout, (4,), rate=0.4, seed=3, random=True),
    _case(layers.Dropout, (3, 4), rate=0.5, noise_shape=(None, 1, 4), seed=3, random=True),
    _case(layers.SpatialDropout1D, (3, 4), rate=0.4, random=True),
    _case(layers.SpatialDropout2D, (3, 2, 4), rate=0.4, random=True),
    _case(layers.SpatialDropout2D, (3, 2, 4), rate=0.4, data_format="channels_first", random=True),
    _case(layers.SpatialDropout3D, (3, 2, 2, 4), rate=0.4, random=True),
    _case(layers.GaussianNoise, (4,), stddev=0.3, random=True),
    _case(layers.GaussianDropout, (4,), rate=0.3, random=True),
    _case(layers.AlphaDropout, (4,), rate=0.3, random=True),
    _case(layers.AlphaDropout, (3, 4), rate=0.3, noise_shape=(None, 1, None), seed=5, random=True),
    _case(layers.ActivityRegularization, (4,), l1=0.1, l2=0.2),
]

RESHAPING = [
    _case(layers.UpSampling1D, (3, 2), size=3),
    _case(layers.UpSampling2D, (3, 2, 2)),
    _case(layers.UpSampling2D, (2, 3, 4), size=(2, 3), data_format="channels_first", interpolation="bilinear"),
    _case(layers.UpSampling2D, (4, 4, 1), interpolation="bicubic"),
    _case(layers.UpSampling3D, (2, 3, 2, 2)),
    _case(layers.RepeatVector, (4,), n=3),
    _case(layers.Permute, (2, 3, 4), dims=(3, 1, 2)),
    _case(layers.ZeroPadding1D, (3, 2), padding=(1, 2)),
    _case(layers.ZeroPadding2D, (3, 2, 2), padding=((1, 0), (2, 1))),
    _case(layers.ZeroPadding2D, (2, 3, 2), data_format="channels_first"),
    _case(layers.ZeroPadding3D, (2, 2, 3, 2), padding=(1, 0, 2)),
    _case(layers.Cropping1D, (4, 2)),
    _case(layers.Cropping2D, (4, 3, 2), cropping=((1, 2), (0, 1))),
    _case(layers.Cropping3D, (2, 3, 4, 3), cropping=1, data_format="channels_first"),
]

_LSTM = {"lstm_cell/kernel": (3, 16), "lstm_cell/recurrent_kernel": (4, 16), "lstm_cell/bias": (16,)}
_GRU = {"gru_cell/kernel": (3, 12), "gru_cell/recurrent_kernel": (4, 12)}
_SIMPLE = {"simple_rnn_cell/kernel": (3, 4), "simple_rnn_cell/recurrent_kernel": (4, 4), "simple_rnn_cell/bias": (4,)}
RECURRENT = [
    _case(layers.LSTM, (5, 3), units=4, weights=_LSTM),
    _case(layers.LSTM, (5, 3), units=4, return_sequences=True, return_state=True, go_backwards=True, weights=_LSTM),
    _case(layers.LSTM, (4, 3), units=4, activation="sigmoid", recurrent_activation="tanh", weights=_LSTM),
    _case(layers.LSTM, (4, 3), units=4, dropout=0.4, recurrent_dropout=0.3, seed=7, random=True, weights=_LSTM),
    _case(layers.LSTM, (4, 3), units=4, dropout=0.4, seed=7, random=True, return_sequences=True, weights=_LSTM),
    _case(layers.GRU, (5, 3), units=4, weights={**_GRU, "gru_cell/bias": (2, 12)}),
    _case(layers.GRU, (5, 3), units=4, reset_after=False, return_sequences=True,
          weights={**_GRU, "gru_cell/bias": (12,)}),
    _case(layers.GRU, (4, 3), units=4, activation="sigmoid", use_bias=False, return_state=True, weights=_GRU),
    _case(layers.SimpleRNN, (5, 3), units=4, weights=_SIMPLE),
    _case(layers.SimpleRNN, (4, 3), units=4, activation="softsign", return_sequences=True, return_state=True,
          weights=_SIMPLE),
]  # fmt: skip

_DIRECTIONS = {
    f"{direction}_{name}": shape
    for direction in ("forward_lstm", "backward_lstm")
    for name, shape in (
        ("/lstm_cell/kernel", (3, 16)), ("/lstm_cell/recurrent_kernel", (4, 16)), ("/lstm_cell/bias", (16,)),
    )
}  # fmt: skip
_DIRECTIONS = {name.replace("_/", "/"): shape for name, shape in _DIRECTIONS.items()}
_STACK = {
    "cells/first/kernel": (3, 6), "cells/first/recurrent_kernel": (2, 6),
    "cells/first/bias": (2, 6), "cells/second/kernel": (2, 16),
    "cells/second/recurrent_kernel": (4, 16), "cells/second/bias": (16,),
}  # fmt: skip
_TWO = {
    f"cells/{cell}/{name}": shape
    for cell, inputs in (("first", 3), ("second", 2))
    for name, shape in (("kernel", (inputs, 2)), ("recurrent_kernel", (2, 2)), ("bias", (2,)))
}
RECURRENT += [
    _case(layers.RNN, (3, 3), cell=stacked_cells, return_sequences=True, weights=_STACK),
    _case(layers.RNN, (3, 3), cell=two_cells, return_state=True, weights=_TWO),
    _case(layers.ConvLSTM1D, (3, 5, 2), filters=3, kernel_size=2, weights={
        "conv_lstm_cell/kernel": (2, 2, 12), "conv_lstm_cell/recurrent_kernel": (2, 3, 12),
        "conv_lstm_cell/bias": (12,)}),
    _case(layers.ConvLSTM2D, (2, 4, 5, 2), filters=2, kernel_size=3, strides=2, padding="same", return_sequences=True,
          weights={"conv_lstm_cell/kernel": (3, 3, 2, 8), "conv_lstm_cell/recurrent_kernel": (3, 3, 2, 8),
                   "conv_lstm_cell/bias": (8,)}),
    _case(layers.ConvLSTM2D, (2, 2, 4, 4), filters=2, kernel_size=2, data_format="channels_first", use_bias=False,
          return_state=True, weights={"conv_lstm_cell/kernel": (2, 2, 2, 8),
                                      "conv_lstm_cell/recurrent_kernel": (2, 2, 2, 8)}),
    _case(layers.ConvLSTM3D, (2, 2, 3, 3, 1), filters=2, kernel_size=2, weights={
        "conv_lstm_cell/kernel": (2, 2, 2, 1, 8), "conv_lstm_cell/recurrent_kernel": (2, 2, 2, 2, 8),
        "conv_lstm_cell/bias": (8,)}),
    _case(layers.TimeDistributed, (3, 4), layer=dense, weights={"dense/kernel": (4, 3), "dense/bias": (3,)}),
    _case(layers.TimeDistributed, (3, 4, 2), layer=convolution,
          weights={"conv1d/kernel": (2, 2, 3), "conv1d/bias": (3,)}),
    _case(layers.Bidirectional, (4, 3), layer=lstm, weights=_DIRECTIONS),
    _case(layers.Bidirectional, (4, 3), layer=lstm, merge_mode="mul", weights=_DIRECTIONS),
    _case(layers.Bidirectional, (4, 3), layer=lstm, merge_mode="ave", weights=_DIRECTIONS),
    _case(layers.Bidirectional, (4, 3), layer=lstm_sequences, merge_mode="sum", weights=_DIRECTIONS),
    _case(layers.Bidirectional, (4, 3), layer=lstm_sequences, merge_mode=None, weights=_DIRECTIONS),
    _case(layers.Bidirectional, (4, 3), layer=lstm, backward_layer=gru_backwards,
          weights={**{k: v for k, v in _DIRECTIONS.items() if k.startswith("forward")},
                   "gru/gru_cell/kernel": (3, 12), "gru/gru_cell/recurrent_kernel": (4, 12),
                   "gru/gru_cell/bias": (2, 12)}),
]  # fmt: skip


def _projections(heads: int, keys: int, values: int, width: int, **own_heads: int) -> Weights:
    lengths = {"query": keys, "key": keys, "value": values}
    weights: Weights = {}
    for name, length in lengths.items():
        number = own_heads.get(name, heads)
        weights |= {f"{name}/kernel": (width, number, length), f"{name}/bias": (number, length)}
    return weights | {"attention_output/kernel": (heads, values, width), "attention_output/bias": (width,)}


ATTENTION = [
    _case(layers.Attention, (3, 4), (5, 4)),
    _case(layers.Attention, (3, 4), (5, 2), (5, 4), use_scale=True, score_mode="concat",
          weights={"scale": (), "concat_score_weight": ()}),
    _case(layers.Attention, (3, 4), (3, 4), dropout=0.3, call={"use_causal_mask": True}, random=True),
    _case(layers.AdditiveAttention, (3, 4), (5, 4), weights={"scale": (4,)}),
    _case(layers.MultiHeadAttention, (3, 6), (5, 6), num_heads=2, key_dim=4, apart=True,
          weights=_projections(2, 4, 4, 6)),
    _case(layers.MultiHeadAttention, (3, 6), (3, 6), num_heads=2, key_dim=4, value_dim=3, dropout=0.3, apart=True,
          sliding_window=2, call={"use_causal_mask": True, "return_attention_scores": True}, random=True,
          weights=_projections(2, 4, 3, 6)),
    _case(layers.MultiHeadAttention, (2, 3, 6), (2, 5, 6), num_heads=2, key_dim=4, attention_axes=2, apart=True,
          weights=_projections(2, 4, 4, 6)),
    _case(layers.GroupedQueryAttention, (3, 6), (5, 6), head_dim=4, num_query_heads=4, num_key_value_heads=2,
          apart=True, weights=_projections(4, 4, 4, 6, key=2, value=2)),
]  # fmt: skip

PREPROCESSING = [
    _case(layers.Normalization, (4,), weights={"mean": (4,), "variance": (4,), "count": ()}),
    _case(layers.Normalization, (3, 4), axis=None, mean=1.5, variance=4.0),
    _case(layers.Normalization, (3, 2), axis=(1, 2), mean=[1.0, 2.0], variance=[2.0, 3.0], invert=True),
    _case(layers.Resizing, (4, 6, 2), height=5, width=4),
    _case(layers.Resizing, (6, 4, 1), height=3, width=3, crop_to_aspect_ratio=True, interpolation="nearest"),
    _case(layers.Resizing, (2, 6, 4), height=3, width=3, pad_to_aspect_ratio=True, data_format="channels_first"),
    _case(layers.CenterCrop, (5, 6, 2), height=3, width=4),
    _case(layers.CenterCrop, (2, 3, 1), height=4, width=4),
    _case(layers.RandomFlip, (3, 4, 2), random=True),
    _case(layers.RandomRotation, (5, 4, 1), factor=0.1, random=True),
    _case(layers.RandomRotation, (5, 4, 1), factor=(0.1, 0.2), fill_mode="constant", fill_value=0.5, random=True),
    _case(layers.RandomZoom, (5, 4, 1), height_factor=0.3, fill_mode="nearest", random=True),
    _case(layers.RandomTranslation, (5, 4, 1), height_factor=0.4, width_factor=0.4, fill_mode="wrap", random=True),
    _case(layers.RandomCrop, (5, 6, 2), height=3, width=4, random=True),
    _case(layers.RandomBrightness, (4, 5, 3), factor=0.2, value_range=(-3, 3), random=True),
    _case(layers.RandomContrast, (4, 5, 3), factor=0.2, value_range=(-3, 3), random=True),
    _case(layers.RandomHue, (4, 5, 3), factor=0.2, value_range=(-3, 3), random=True),
    _case(layers.RandomColorJitter, (4, 5, 3), value_range=(-3, 3), brightness_factor=0.2, hue_factor=0.1, random=True),
    _case(layers.RandomErasing, (6, 5, 3), value_range=(-3, 3), random=True),
    _case(layers.RandomShear, (5, 4, 1), x_factor=0.3, y_factor=0.2, random=True),
    _case(layers.AutoContrast, (4, 5, 3), value_range=(0, 1)),
    _case(layers.RandomInvert, (4, 5, 3), factor=(1.0, 1.0), value_range=(-3, 3), random=True),
    _case(layers.RandomSaturation, (4, 5, 3), factor=(0.3, 0.3), value_range=(-3, 3), random=True),
    _case(layers.RandomSharpness, (4, 5, 3), factor=(0.9, 0.9), value_range=(-3, 3), random=True),
    _case(layers.RandomColorDegeneration, (4, 5, 3), factor=(0.4, 0.4), value_range=(-3, 3), random=True),
    _case(layers.RandomGrayscale, (4, 5, 3), factor=1.0, call={"training": True}),
    _case(layers.Solarization, (4, 5, 3), value_range=(-3, 3), call={"training": True}),
    _case(layers.RandomRotation, (4, 5, 2), factor=(0.1, 0.1), call={"training": True}),
    _case(
        layers.RandomZoom,
        (4, 5, 2),
        height_factor=(0.3, 0.3),
        width_factor=(-0.2, -0.2),
        fill_mode="constant",
        call={"training": True},
    ),
    _case(
        layers.RandomTranslation,
        (5, 4, 1),
        height_factor=(0.3, 0.3),
        width_factor=(-0.2, -0.2),
        fill_mode="wrap",
        call={"training": True},
    ),
    _case(layers.CategoryEncoding, (3,), num_tokens=5, kinds=("int:5",)),
    _case(layers.CategoryEncoding, (3,), num_tokens=5, output_mode="count", kinds=("int:5",)),
    _case(layers.CategoryEncoding, (1,), num_tokens=5, output_mode="one_hot", kinds=("int:5",)),
    _case(layers.Discretization, (3,), bin_boundaries=[-0.5, 0.0, 1.1], output_mode="one_hot", wide=True),
]

CASES = [
    *PREPROCESSING, *CORE, *MERGING, *CONVOLUTIONAL, *POOLING, *NORMALIZATION, *REGULARIZATION, *RESHAPING,
    *RECURRENT, *ATTENTION,
]  # fmt: skip
