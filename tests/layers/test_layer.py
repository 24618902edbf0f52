"""The base class: building, variables, arguments of calls, errors."""

import numpy as np
import pytest

import dtrain
from dtrain import layers, ops

X = np.ones((2, 3), np.float32)


class Scale(layers.Layer):
    """A layer as users write them."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.weight = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="weight")

    def call(self, inputs, training=None, extra=None):
        y = inputs * self.weight * self.factor
        if extra is not None:
            y = y + extra
        return y + 1.0 if training else y


def test_a_layer_is_built_by_its_first_call():
    layer = Scale()
    assert not layer.built
    np.testing.assert_array_equal(layer(X).numpy(), 2 * X)
    assert layer.built
    assert [v.path for v in layer.weights] == [f"{layer.name}/weight"]


def test_arguments_after_training_are_not_lost():
    np.testing.assert_array_equal(Scale()(X, None, X).numpy(), 3 * X)
    np.testing.assert_array_equal(Scale()(X, True, X).numpy(), 4 * X)


def test_too_many_arguments_are_an_error():
    with pytest.raises(TypeError, match="call takes 3 argument"):
        Scale()(X, None, X, X)


def test_training_reaches_the_layers_inside():
    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scale()

        def call(self, inputs):
            return self.inner(inputs)

    layer = Outer()
    np.testing.assert_array_equal(layer(X, training=True).numpy(), 2 * X + 1)
    np.testing.assert_array_equal(layer(X).numpy(), 2 * X)


def test_the_default_of_training_counts_outside_of_a_model():
    class Noisy(layers.Layer):
        def call(self, inputs, training=True):
            return inputs + 1.0 if training else inputs

    np.testing.assert_array_equal(Noisy()(X).numpy(), X + 1)
    x = dtrain.Input((3,))
    np.testing.assert_array_equal(dtrain.Model(x, Noisy()(x)).predict(X, verbose=0), X)


def test_inputs_are_cast_to_the_layers_dtype():
    assert layers.Dense(2, dtype="float64")(X).dtype == "float64"
    assert Scale(autocast=False)(X.astype(np.float64)).dtype == "float64"


def test_layers_in_lists_and_dicts_are_found():
    class Holder(layers.Layer):
        def __init__(self):
            super().__init__()
            self.several = [layers.Dense(1), {"deep": layers.Dense(2)}]

        def call(self, inputs):
            return self.several[1]["deep"](self.several[0](inputs))

    layer = Holder()
    layer(X)
    assert [v.shape for v in layer.weights] == [(3, 1), (1,), (1, 2), (2,)]
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 4


def test_set_weights_lists_what_differs():
    layer = layers.Dense(2)
    layer(X)
    with pytest.raises(
        ValueError, match=r"expected 2 arrays: .*kernel \(3, 2\).*Received 1 arrays of shapes: \(2, 2\)"
    ):
        layer.set_weights([np.ones((2, 2))])


def test_losses_are_those_of_the_last_call():
    class Penalty(layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.sum(inputs))
            return inputs

    layer = Penalty()
    layer(X)
    layer(2 * X)
    assert [float(loss) for loss in layer.losses] == [12.0]


def test_the_penalty_of_activity_is_divided_by_the_rows():
    layer = layers.ActivityRegularization(l1=0.5)
    layer(X)
    assert float(layer.losses[0]) == pytest.approx(0.5 * 6 / 2)


def test_a_subclass_must_call_super_init():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.value = 1

    with pytest.raises(RuntimeError, match=r"Forgetful.__init__ must call super\(\).__init__\(\)"):
        Forgetful()(X)


def test_a_layer_without_call_says_so():
    class Empty(layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no method"):
        Empty()(X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dense(-3), "Dense: units must be a positive integer. Received: units=-3"),
        (lambda: layers.Dense(2, name="a/b"), "expected a name without '/'"),
        (lambda: layers.Conv2D(4, 3, padding="full"), r"Conv2D: padding must be one of \['valid', 'same'\]"),
        (lambda: layers.Conv2D(4, 3, groups=3), "groups must divide filters"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), "kernel_size must be an integer or 2 integers"),
        (lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2), "cannot both be above 1"),
        (lambda: layers.Dropout(1.5), "rate must be a number between 0 and 1"),
        (lambda: layers.Dropout(0.5, noise_shape=5), "noise_shape must be a list or tuple"),
        (lambda: layers.Dropout(0.5, noise_shape=(None, 0)), "noise_shape must be a positive integer"),
        (lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2), "cannot both be above 1"),
        (lambda: layers.MultiHeadAttention(2, 4, value_dim=0), "value_dim must be a positive integer"),
        (lambda: layers.MultiHeadAttention(2, 4, output_shape=8.0), "output_shape must be a positive integer"),
        (lambda: layers.Attention()([X[None], X[None]], mask=[X]), "expected mask to be a list"),
        (lambda: layers.AdditiveAttention()(X[None]), r"expected inputs \[query, value\]"),
        (lambda: layers.Permute((1, 3)), "dims must hold each of 1, ..., 2 once"),
        (lambda: layers.Reshape((-1, -1)), "at most one of them -1"),
        (lambda: layers.Dot(0), "not that of the batch"),
        (lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="add"), "merge_mode must be one of"),
        (lambda: layers.TimeDistributed(3), "expected a layer to wrap"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "padding must be an integer, 2 integers or 2 pairs"),
        (lambda: layers.GroupNormalization(0), "groups must be a positive integer or -1"),
        (lambda: layers.MultiHeadAttention(0, 4), "num_heads must be a positive integer"),
        (lambda: layers.EinsumDense("ab->ac", 3)(X), "equation must look like"),
        (lambda: layers.EinsumDense("ab,bc->ac", (3, 4))(X), "output_shape must hold 1 lengths"),
        (lambda: layers.Conv2D(4, 3)(X), r"expected an input with 4 axes \(batch included\)"),
        (lambda: layers.Concatenate()([X, X[:, None]]), "all lengths but that of axis -1 must be equal"),
        (lambda: layers.Add()(X), "expected a list"),
        (lambda: layers.Cropping1D(2)(X[:, :, None]), "must leave something of every axis"),
        (lambda: layers.Reshape((5,))(X), "must hold as many values as a row"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [layers.LayerNormalization, layers.UnitNormalization])
def test_an_axis_is_a_number_or_several(make):
    with pytest.raises(TypeError, match="axis must be an integer or a list of integers"):
        make(axis={"axis": -1})


def test_a_dense_layer_tells_another_width_of_input():
    layer = layers.Dense(2)
    layer(X)
    with pytest.raises(ValueError, match="expected an input with length 3 on axis -1"):
        layer(np.ones((2, 4), np.float32))


def test_every_public_name_exists():
    for name in layers.__all__:
        assert getattr(layers, name) is not None


def test_every_layer_is_in_the_battery_or_tested_elsewhere():
    from tests.layers.cases import CASES

    elsewhere = {
        "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization",  # test_lookup.py
        "Pipeline", "RandomGaussianBlur", "RandomPosterization",  # test_random_images.py
        "ReversibleEmbedding",  # test_reversible_embedding.py
        "Input", "InputLayer", "InputSpec", "Layer", "Wrapper",  # no layers to compute with
        "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells",  # within RNN
    }  # fmt: skip
    classes = {getattr(layers, name).__name__ for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    made = {case.make.__name__ for case in CASES}
    keras1 = {"Convolution2D", "Convolution3D", "SeparableConvolution2D"}  # test_legacy.py
    assert classes - made - elsewhere - keras1 == set()
