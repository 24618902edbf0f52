"""Calls as they were written for Keras 1 and 2."""

import warnings

import pytest

import dtrain
from dtrain import layers

CALLS = [
    (lambda: layers.Dense(output_dim=3, init="uniform", W_regularizer="l2", bias=False),
     lambda: layers.Dense(3, use_bias=False, kernel_initializer="random_uniform", kernel_regularizer="l2"),
     "Dense(units=3, kernel_initializer='random_uniform', kernel_regularizer='l2', use_bias=False)"),
    (lambda: layers.Convolution2D(32, 3, 2),
     lambda: layers.Conv2D(32, (3, 2)),
     "Conv2D(filters=32, kernel_size=(3, 2))"),
    (lambda: layers.Convolution2D(32, 3, 3, border_mode="same", subsample=(2, 2), dim_ordering="th"),
     lambda: layers.Conv2D(32, 3, padding="same", strides=2, data_format="channels_first"),
     "strides=(2, 2), data_format='channels_first'"),
    (lambda: layers.Conv2D(8, 3, 3, border_mode="same"),
     lambda: layers.Conv2D(8, (3, 3), padding="same"),
     "padding='same', kernel_size=(3, 3)"),
    (lambda: layers.Convolution2D(nb_filter=8, nb_row=3, nb_col=2),
     lambda: layers.Conv2D(8, (3, 2)),
     "filters=8"),
    (lambda: layers.Convolution3D(4, 3, 2, 1, activation="relu"),
     lambda: layers.Conv3D(4, (3, 2, 1), activation="relu"),
     "kernel_size=(3, 2, 1)"),
    (lambda: layers.Convolution1D(nb_filter=4, filter_length=3, subsample_length=2),
     lambda: layers.Conv1D(4, 3, strides=2),
     "strides=2"),
    (lambda: layers.MaxPooling2D((2, 2), border_mode="same"),
     lambda: layers.MaxPooling2D((2, 2), padding="same"),
     "padding='same'"),
    (lambda: layers.MaxPooling1D(pool_length=3, stride=2),
     lambda: layers.MaxPooling1D(3, strides=2),
     "pool_size=3, strides=2"),
    (lambda: layers.Dropout(p=0.3), lambda: layers.Dropout(0.3), "rate=0.3"),
    (lambda: layers.GaussianNoise(sigma=0.3), lambda: layers.GaussianNoise(0.3), "stddev=0.3"),
    (lambda: layers.LeakyReLU(alpha=0.1), lambda: layers.LeakyReLU(0.1), "negative_slope=0.1"),
    (lambda: layers.Embedding(10, 4, init="normal"),
     lambda: layers.Embedding(10, 4, embeddings_initializer="random_normal"),
     "embeddings_initializer='random_normal'"),
    (lambda: layers.BatchNormalization(mode=0, gamma_init="one"),
     lambda: layers.BatchNormalization(),
     "gamma_initializer='ones'"),
    (lambda: layers.LSTM(output_dim=4, inner_init="glorot_uniform", inner_activation="tanh", forget_bias_init="one",
                         dropout_W=0.1, dropout_U=0.2, U_regularizer="l2", consume_less="gpu"),
     lambda: layers.LSTM(4, recurrent_initializer="glorot_uniform", recurrent_activation="tanh", dropout=0.1,
                         recurrent_dropout=0.2, recurrent_regularizer="l2"),
     "unit_forget_bias=True"),
]  # fmt: skip


def _plain(layer):
    config = layer.get_config()
    del config["name"]
    return config


@pytest.mark.parametrize(("old", "new", "spelling"), CALLS, ids=[c[2] for c in CALLS])
def test_an_old_call_makes_todays_layer_and_one_warning_shows_it(old, new, spelling):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer = old()
    assert len(caught) == 1
    assert caught[0].category is UserWarning
    assert caught[0].filename == __file__
    assert spelling in str(caught[0].message)
    expected = new()
    assert type(layer) is type(expected)
    assert _plain(layer) == _plain(expected)


SILENT = [
    (lambda: layers.Dense(3, input_dim=4), (None, 4)),
    (lambda: layers.Dense(3, input_shape=(4,)), (None, 4)),
    (lambda: layers.LSTM(3, batch_input_shape=(2, 5, 4)), (2, 5, 4)),
    (lambda: layers.LSTM(3, input_length=5, input_dim=4), (None, 5, 4)),
    (lambda: layers.LSTM(3, input_shape=(5, 4), implementation=2), (None, 5, 4)),
    (lambda: layers.Embedding(10, 3, input_length=5), (None, 5)),
    (lambda: layers.Dense(3, quantization_config=None), None),
]  # fmt: skip


@pytest.mark.parametrize(("make", "shape"), SILENT)
def test_declared_input_shapes_are_accepted_silently(make, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = make()
    assert layer._input_shape_argument == shape


def test_todays_calls_keep_todays_meaning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layers.Conv2D(8, 3, 2).strides == (2, 2)
        assert layers.ELU(alpha=0.5).alpha == 0.5
        assert layers.Convolution2D(8, (3, 3)).kernel_size == (3, 3)


def test_what_no_keras_knows_is_an_error_that_shows_the_nearest_name():
    with pytest.raises(TypeError, match=r"Dense: unknown argument\(s\) unts. Did you mean units"):
        layers.Dense(3, unts=3)
    with pytest.raises(TypeError, match="BatchNormalization: unknown argument"):
        layers.BatchNormalization(mode=1)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("concat", "Concatenate"), ("sum", "Add"), ("mul", "Multiply"), ("ave", "Average"), ("max", "Maximum"),
     ("dot", "Dot"), ("cos", "Dot"), (lambda xs: xs[0] - xs[1], "Lambda")],
)  # fmt: skip
def test_merge_makes_todays_layer(mode, kind):
    inputs = [dtrain.Input((4,)), dtrain.Input((4,))]
    y = layers.merge(inputs, mode=mode, name="merged")
    assert type(y._keras_history[0]).__name__ == kind
    assert y._keras_history[0].name == "merged"


def test_merge_says_which_modes_there_are():
    with pytest.raises(ValueError, match="merge: mode must be one of .*concat"):
        layers.merge([dtrain.Input((4,)), dtrain.Input((4,))], mode="add")


def test_first_weights_can_be_given_to_the_constructor():
    import numpy as np

    kernel, bias = np.ones((4, 2), np.float32), np.array([1.0, 2.0], np.float32)
    layer = layers.Dense(2, weights=[kernel, bias])
    np.testing.assert_array_equal(layer(np.ones((1, 4), np.float32)).numpy(), [[5.0, 6.0]])
