"""Masks: who makes them, who hands them on, what they change."""

import numpy as np
import pytest

import dtrain
from dtrain import layers, ops
from dtrain.graph import as_tensor

TOKENS = np.array([[3, 1, 2, 0], [4, 0, 0, 0], [1, 2, 3, 4]], np.int32)
COUNTS = TOKENS != 0
VALUES = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)


def masked(values=VALUES, mask=COUNTS):
    tensor = as_tensor(values.copy())
    tensor._keras_mask = as_tensor(mask)
    return tensor


def mask_of(y):
    return None if y._keras_mask is None else y._keras_mask.numpy()


def test_embedding_masks_the_zeros_if_asked_to():
    np.testing.assert_array_equal(mask_of(layers.Embedding(5, 2, mask_zero=True)(TOKENS)), COUNTS)
    assert mask_of(layers.Embedding(5, 2)(TOKENS)) is None


def test_masking_hides_steps_that_all_equal_the_value():
    values = VALUES.copy()
    values[~COUNTS] = 2.0
    values[2, 1, :3] = 2.0
    y = layers.Masking(2.0)(values)
    np.testing.assert_array_equal(mask_of(y), COUNTS)
    np.testing.assert_array_equal(y.numpy(), np.where(COUNTS[..., None], values, 0))


KEEP = [
    layers.Activation("relu"), layers.AlphaDropout(0.2), layers.BatchNormalization(), layers.Dense(2),
    layers.Dropout(0.2), layers.GaussianNoise(0.1), layers.Identity(), layers.LayerNormalization(),
    layers.LeakyReLU(), layers.LSTM(2, return_sequences=True), layers.PReLU(), layers.Rescaling(2.0),
    layers.Softmax(), layers.SpatialDropout1D(0.1), layers.TimeDistributed(layers.Dense(2)),
    layers.Bidirectional(layers.GRU(2, return_sequences=True)),
]  # fmt: skip
LOSE = [
    layers.Flatten(), layers.GlobalAveragePooling1D(), layers.LSTM(2), layers.Conv1D(2, 2),
    layers.Bidirectional(layers.GRU(2)), layers.Reshape((20,)),
]  # fmt: skip


@pytest.mark.parametrize("layer", KEEP, ids=lambda layer: type(layer).__name__)
def test_layers_that_keep_the_steps_keep_the_mask(layer):
    np.testing.assert_array_equal(mask_of(layer(masked())), COUNTS)
    x = dtrain.Input((4,), dtype="int32")
    symbolic = layer(layers.Embedding(5, 5, mask_zero=True)(x))
    assert symbolic._keras_mask.shape == (None, 4)


@pytest.mark.parametrize("layer", LOSE, ids=lambda layer: type(layer).__name__)
def test_layers_without_steps_in_their_output_lose_the_mask(layer):
    assert mask_of(layer(masked())) is None


@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU, layers.SimpleRNN])
@pytest.mark.parametrize("arguments", [{}, {"recurrent_activation": "tanh"}], ids=["op", "loop"])
def test_masked_steps_do_not_change_the_state(make, arguments):
    if make is layers.SimpleRNN:
        arguments = {"activation": "softsign"} if arguments else {}
    layer = make(3, **arguments)
    y = layer(masked()).numpy()
    for row, length in enumerate(COUNTS.sum(axis=1)):
        np.testing.assert_allclose(
            y[row : row + 1], layer(VALUES[row : row + 1, :length]).numpy(), rtol=1e-5, atol=1e-6
        )


def test_pooling_over_time_leaves_masked_steps_out():
    y = layers.GlobalAveragePooling1D()(masked()).numpy()
    np.testing.assert_allclose(y[1], VALUES[1, 0], rtol=1e-6)


def test_batch_normalization_leaves_masked_steps_out():
    layer = layers.BatchNormalization(momentum=0.0)
    layer(masked(), training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), VALUES[COUNTS].mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), VALUES[COUNTS].var(axis=0), rtol=1e-5)


def test_add_counts_a_step_that_counts_in_any_input():
    other = COUNTS[::-1].copy()
    np.testing.assert_array_equal(mask_of(layers.Add()([masked(), masked(mask=other)])), COUNTS | other)


def test_concatenate_joins_masks_along_time():
    y = layers.Concatenate(axis=1)([masked(), as_tensor(VALUES)])
    np.testing.assert_array_equal(mask_of(y), np.concatenate([COUNTS, np.ones_like(COUNTS)], axis=1))


def test_concatenate_of_features_counts_a_step_that_counts_in_any_input():
    other = COUNTS[::-1].copy()
    np.testing.assert_array_equal(mask_of(layers.Concatenate()([masked(), masked(mask=other)])), COUNTS | other)
    np.testing.assert_array_equal(mask_of(layers.Concatenate()([masked(), as_tensor(VALUES)])), np.ones_like(COUNTS))


@pytest.mark.parametrize(
    ("layer", "function"),
    [(layers.Multiply(), np.multiply), (layers.Maximum(), np.maximum), (layers.Minimum(), np.minimum)],
    ids=["multiply", "maximum", "minimum"],
)
def test_a_masked_step_gives_way_to_that_of_the_other_input(layer, function):
    other, shown = VALUES[::-1] * 2, COUNTS[::-1].copy()
    first, second = COUNTS[..., None], shown[..., None]
    y = layer([masked(), as_tensor(other)]).numpy()
    np.testing.assert_allclose(y, np.where(first, function(VALUES, other), other), rtol=1e-6)
    y = layer([masked(), masked(other, shown)])
    both = np.where(first & second, function(VALUES, other), np.where(first, VALUES, other))
    np.testing.assert_allclose(y.numpy()[COUNTS | shown], both[COUNTS | shown], rtol=1e-6)
    np.testing.assert_array_equal(mask_of(y), COUNTS | shown)


def test_a_product_of_masked_steps_is_zero():
    y = layers.Multiply()([masked(), masked()]).numpy()
    np.testing.assert_array_equal(y[~COUNTS], 0.0)


@pytest.mark.parametrize("layer", [layers.Add(), layers.Concatenate()], ids=["add", "concatenate"])
@pytest.mark.parametrize(
    ("inputs", "mask"), [([VALUES, VALUES], COUNTS), (VALUES, [None, None]), ([VALUES, VALUES], [None])]
)
def test_merging_layers_want_one_mask_for_each_input(layer, inputs, mask):
    with pytest.raises(ValueError, match="mask|inputs"):
        layer.compute_mask(inputs, mask)


def test_softmax_is_zero_where_a_mask_that_broadcasts_hides():
    x = VALUES[0]
    y = layers.Softmax()(x, mask=np.array([1.0, 0.0, 1.0, 0.0, 1.0])).numpy()
    np.testing.assert_array_equal(y[:, [1, 3]], 0.0)
    np.testing.assert_allclose(y.sum(axis=-1), 1.0, rtol=1e-6)
    hidden = np.ones(x.shape, bool)
    hidden[2] = False
    np.testing.assert_array_equal(layers.Softmax()(x, mask=hidden).numpy()[2], 0.0)


@pytest.mark.parametrize("shape", [(2, 4, 5), (3, 5), (4, 1, 1, 5)])
def test_softmax_refuses_a_mask_that_does_not_broadcast(shape):
    with pytest.raises(ValueError, match="broadcasts to the inputs"):
        layers.Softmax()(VALUES[:1], mask=np.ones(shape, bool))


def test_multi_head_attention_takes_the_masks_of_its_inputs():
    layer = layers.MultiHeadAttention(2, 3)
    automatic = layer(masked(), masked()).numpy()
    given = layer(VALUES, VALUES, attention_mask=COUNTS[:, :, None] & COUNTS[:, None, :]).numpy()
    np.testing.assert_allclose(automatic, given, rtol=1e-6)
    assert np.abs(automatic - layer(VALUES, VALUES).numpy()).max() > 1e-3


def test_attention_does_not_see_masked_values():
    layer = layers.Attention()
    changed = VALUES.copy()
    changed[~COUNTS] += 100.0
    first = layer([as_tensor(VALUES), masked()]).numpy()
    np.testing.assert_allclose(first, layer([as_tensor(VALUES), masked(changed)]).numpy(), rtol=1e-6)


def test_a_layer_of_the_user_receives_the_mask():
    class Count(layers.Layer):
        def call(self, inputs, mask=None):
            return ops.sum(ops.cast(mask, "float32"), axis=1)

    np.testing.assert_array_equal(Count()(masked()).numpy(), COUNTS.sum(axis=1))
    x = dtrain.Input((4,), dtype="int32")
    model = dtrain.Model(x, Count()(layers.Embedding(5, 2, mask_zero=True)(x)))
    np.testing.assert_array_equal(model.predict(TOKENS, verbose=0), COUNTS.sum(axis=1))


def test_a_mask_given_by_hand_wins():
    layer = layers.LSTM(2)
    by_hand = layer(masked(), mask=as_tensor(np.ones_like(COUNTS))).numpy()
    np.testing.assert_allclose(by_hand, layer(VALUES).numpy(), rtol=1e-6)
