"""States, directions, dropout and cells of recurrent layers."""

import numpy as np
import pytest

import dtrain
from dtrain import layers, ops
from dtrain.saving import register_keras_serializable

X = np.random.default_rng(1).normal(size=(3, 6, 2)).astype(np.float32)
MAKERS = [layers.LSTM, layers.GRU, layers.SimpleRNN]


@pytest.mark.parametrize("make", MAKERS)
def test_the_op_and_the_loop_over_the_cell_agree(make):
    fused = make(4, return_sequences=True, return_state=True, go_backwards=True)
    expected = fused(X)
    loop = layers.RNN(fused.cell, return_sequences=True, return_state=True, go_backwards=True)
    for a, b in zip(expected, loop(X), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", MAKERS)
def test_a_sequence_can_go_on_from_given_states(make):
    layer = make(4, return_state=True)
    whole, *_ = layer(X)
    _, *states = layer(X[:, :3])
    second, *_ = layer(X[:, 3:], initial_state=states)
    np.testing.assert_allclose(second.numpy(), whole.numpy(), rtol=1e-5, atol=1e-6)


def test_a_wrong_number_of_states_is_told():
    with pytest.raises(ValueError, match=r"expected 2 initial state\(s\). Received: 1"):
        layers.LSTM(4)(X, initial_state=[np.zeros((3, 4), np.float32)])


@pytest.mark.parametrize("make", MAKERS)
def test_a_stateful_layer_goes_on_from_batch_to_batch(make):
    layer = make(4, stateful=True)
    plain = make(4)
    plain(X)
    layer(X[:, :3])
    plain.set_weights(layer.get_weights())
    whole = plain(X).numpy()
    np.testing.assert_allclose(layer(X[:, 3:]).numpy(), whole, rtol=1e-5, atol=1e-6)
    layer.reset_states()
    np.testing.assert_allclose(layer(X).numpy(), whole, rtol=1e-5, atol=1e-6)


def test_a_stateful_layer_refuses_another_number_of_rows():
    layer = layers.LSTM(4, stateful=True)
    layer(X)
    with pytest.raises(ValueError, match="all batches must have the same number of rows"):
        layer(X[:2])


def test_a_stateful_model_predicts_a_sequence_in_pieces():
    model = dtrain.Sequential([dtrain.Input(batch_shape=(3, None, 2)), layers.GRU(4, stateful=True)])
    plain = dtrain.Sequential([dtrain.Input((None, 2)), layers.GRU(4)])
    plain.set_weights(model.get_weights())
    model.predict(X[:, :3], batch_size=3, verbose=0)
    second = model.predict(X[:, 3:], batch_size=3, verbose=0)
    np.testing.assert_allclose(second, plain.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_dropout_of_the_state_has_one_mask_for_all_steps():
    ones = np.ones((1, 5, 2), np.float32)
    cell = layers.SimpleRNNCell(
        50, activation="linear", use_bias=False, kernel_initializer="ones", recurrent_initializer="identity",
        recurrent_dropout=0.5,
    )  # fmt: skip
    y = layers.RNN(cell, return_sequences=True)(ones, training=True).numpy()[0]
    dropped = np.isclose(y[1], 2.0)  # the state before was lost, only the inputs count
    assert 5 < dropped.sum() < 45
    np.testing.assert_allclose(y[:, dropped], 2.0, rtol=1e-6)
    assert np.all(y[-1, ~dropped] > 10)


def test_a_seed_gives_other_masks_in_every_call():
    layer = layers.Dropout(0.5, seed=7)
    first, second = (layer(np.ones((4, 50), np.float32), training=True).numpy() for _ in range(2))
    assert np.any(first != second)
    again = layers.Dropout(0.5, seed=7)
    np.testing.assert_array_equal(again(np.ones((4, 50), np.float32), training=True).numpy(), first)


@register_keras_serializable("rnn_tests")
class MinimalCell(layers.Layer):
    """A cell as in Keras's guide."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), name="recurrent_kernel")

    def call(self, inputs, states):
        y = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel)
        return y, [y]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_a_cell_of_the_user_runs_trains_and_comes_back():
    model = dtrain.Sequential([dtrain.Input((6, 2)), layers.RNN([MinimalCell(3), MinimalCell(4)]), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, np.zeros((3, 1)), verbose=0).history["loss"][0])
    twin = dtrain.Sequential.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))


def test_an_unrolled_length_of_time_may_vary():
    model = dtrain.Sequential([dtrain.Input((None, 2)), layers.LSTM(3)])
    assert model.predict(X, verbose=0).shape == model.predict(X[:, :2], verbose=0).shape == (3, 3)


def test_bidirectional_takes_the_states_of_both_directions():
    layer = layers.Bidirectional(layers.LSTM(3, return_state=True))
    _, *states = layer(X)
    assert len(states) == 4
    shifted = layer(X, initial_state=states)[0].numpy()
    assert np.abs(shifted - layer(X)[0].numpy()).max() > 1e-3


def test_bidirectional_takes_first_weights():
    source = layers.Bidirectional(layers.GRU(3))
    source(X)
    layer = layers.Bidirectional(layers.GRU(3), weights=source.get_weights())
    np.testing.assert_array_equal(layer(X).numpy(), source(X).numpy())


def test_the_arguments_of_the_cell_read_as_the_layers_own():
    layer = layers.LSTM(5, recurrent_dropout=0.2)
    assert (layer.units, layer.recurrent_dropout) == (5, 0.2)
    with pytest.raises(AttributeError, match="no attribute 'unit'"):
        _ = layer.unit


def test_states_of_several_cells_are_lists_of_each():
    x = np.ones((2, 3, 4), np.float32)
    layer = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_state=True)
    output, first, second = layer(x)
    assert [h.shape for h in first] == [(2, 3), (2, 3)]
    np.testing.assert_array_equal(second.numpy(), output.numpy())
    again = layer(x, initial_state=[first, second])
    assert np.abs(again[0].numpy() - output.numpy()).max() > 0
    symbolic = layer(dtrain.Input((3, 4)))
    assert [h.shape for h in symbolic[1]] == [(None, 3), (None, 3)]


@pytest.mark.parametrize("make", MAKERS)
def test_an_input_without_time_steps_is_refused_by_its_shape(make):
    with pytest.raises(ValueError, match=r"expected an input with 3 axes.*\(None, 8\)"):
        make(3)(dtrain.Input((8,)))
