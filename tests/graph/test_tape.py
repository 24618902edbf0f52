"""Gradients of ops that run at once: those of the planned program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from dtrain import GradientTape, Model, layers, ops
from dtrain.graph import Variable, as_tensor
from tests.graph.test_plan import DATA, gradients, programs, run_lines, variable


@settings(max_examples=60, deadline=None)
@given(programs())
def test_random_programs_have_the_gradients_of_the_planned_program(lines):
    w = variable(3)
    _, planned = gradients(lambda x, w: run_lines(lines, x, w), [w], DATA)
    with GradientTape() as tape:
        root = run_lines(lines, as_tensor(DATA), w)
    found = tape.gradient(root, w, unconnected_gradients="zero")
    np.testing.assert_allclose(found, planned, rtol=1e-10, atol=1e-12)


def test_gradients_come_in_the_structure_of_the_sources():
    a, b = Variable([1.0, 2.0]), Variable([3.0, 4.0])
    with GradientTape() as tape:
        y = ops.sum(a * b) + ops.sum(ops.square(a))
    found = tape.gradient(y, {"a": a, "b": [b]})
    np.testing.assert_allclose(found["a"], [5.0, 8.0])
    np.testing.assert_allclose(found["b"][0], [1.0, 2.0])


def test_a_source_that_the_target_does_not_depend_on_gets_none_or_zeros():
    a, b = Variable([1.0]), Variable([3.0, 4.0])
    with GradientTape(persistent=True) as tape:
        y = ops.sum(a) + 0.0 * ops.sum(ops.stop_gradient(b))
    assert tape.gradient(y, [a, b])[1] is None
    np.testing.assert_array_equal(tape.gradient(y, b, unconnected_gradients="zero"), [0.0, 0.0])


def test_only_a_persistent_tape_gives_gradients_twice():
    a = Variable([1.0])
    with GradientTape() as tape:
        y = ops.sum(a * a)
    tape.gradient(y, a)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, a)


def test_ops_outside_of_the_block_are_not_recorded():
    a = Variable([2.0])
    with GradientTape() as tape:
        y = ops.sum(a * a)
    z = y * 10.0
    assert tape.gradient(z, a) is None


def test_several_outputs_and_weights_of_the_target():
    a = Variable([1.0, 2.0, 3.0, 4.0])
    with GradientTape() as tape:
        left, right = ops.split(ops.square(a), 2)
        y = left * 3.0 + right
    np.testing.assert_allclose(tape.gradient(y, a, output_gradients=[1.0, 10.0]), [6.0, 120.0, 6.0, 80.0])


def test_a_variable_that_is_a_models_input_gets_a_gradient():
    inputs = layers.Input((3,))
    model = Model(inputs, layers.Dense(2, use_bias=False)(inputs))
    image = Variable([[1.0, 2.0, 3.0]])
    with GradientTape() as tape:
        y = ops.sum(model(image))
    np.testing.assert_allclose(tape.gradient(y, image), model.get_weights()[0].sum(axis=1)[None], rtol=1e-6)


def test_tapes_within_each_other_have_read_the_same_variables():
    w = Variable([2.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.sum(w * w * w)
        z = y + 5.0 * ops.sum(w)
        found = inner.gradient(y, w)
    np.testing.assert_allclose(found, [12.0])
    np.testing.assert_allclose(outer.gradient(z, w), [17.0])


def test_a_gradient_may_be_taken_as_a_constant():
    w = Variable([2.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.sum(w * w)
        constant = ops.sum(ops.stop_gradient(inner.gradient(y, w)) * w)
    np.testing.assert_allclose(outer.gradient(constant, w), [4.0])


def test_gradients_of_gradients_of_gradients():
    x = Variable([0.5, 2.0])
    with GradientTape() as third, GradientTape() as second, GradientTape() as first:
        y = ops.sum(ops.sin(x) * x)
        one = first.gradient(y, x)
        two = second.gradient(one, x)
    v = np.array([0.5, 2.0])
    np.testing.assert_allclose(one, np.sin(v) + v * np.cos(v), rtol=1e-6)
    np.testing.assert_allclose(two, 2 * np.cos(v) - v * np.sin(v), rtol=1e-5)
    np.testing.assert_allclose(third.gradient(two, x), -3 * np.sin(v) - v * np.cos(v), rtol=1e-5)


def test_one_persistent_tape_gives_the_gradient_of_its_own_gradient():
    x = Variable([3.0])
    with GradientTape(persistent=True) as tape:
        slope = tape.gradient(ops.sum(x * x * x), x)
    np.testing.assert_allclose(tape.gradient(slope, x), [18.0])


def test_what_the_gradient_does_not_depend_on_gets_none_or_zeros_from_the_outer_tape():
    x, w = Variable([3.0]), Variable([1.0])
    with GradientTape(persistent=True) as outer:
        with GradientTape() as inner:
            y = ops.sum(x * x) + ops.sum(w)
        of_x, of_w, missing = inner.gradient(y, [x, w, Variable([0.0])])
    assert missing is None
    np.testing.assert_allclose(outer.gradient(of_x, x), [2.0])
    assert outer.gradient(of_w, w) is None
    np.testing.assert_array_equal(outer.gradient(of_w, w, unconnected_gradients="zero"), [0.0])


def test_the_second_gradient_meets_the_same_dropout():
    x = Variable(np.full((4, 50), 2.0, np.float32))
    with GradientTape() as outer:
        with GradientTape() as inner:
            kept = layers.Dropout(0.5)(x, training=True)
            y = ops.sum(kept**3)
        slope = inner.gradient(y, x)
    mask = np.asarray(kept) / 2.0
    np.testing.assert_allclose(slope, 3 * np.asarray(kept) ** 2 * mask)
    np.testing.assert_allclose(outer.gradient(slope, x), 6 * np.asarray(kept) * mask**2)


def test_a_gradient_that_has_none_is_refused_where_it_would_be_needed():
    w, x = Variable([[2.0, 1.0], [1.0, 3.0]]), Variable([3.0])
    with GradientTape(persistent=True) as outer:
        with GradientTape() as inner:
            y = ops.sum(ops.qr(w)[1])
        slope = inner.gradient(y, w)
        loss = ops.sum(ops.square(slope)) + ops.sum(x)
    for source in ([w], [x, w]):
        with pytest.raises(NotImplementedError, match="gradients of the gradient of QR are not supported"):
            outer.gradient(loss, source)
    np.testing.assert_allclose(outer.gradient(loss, x), [1.0])
