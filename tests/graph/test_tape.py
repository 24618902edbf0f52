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


def test_the_gradient_of_a_gradient_is_refused_unless_it_is_taken_as_a_constant():
    w, x = Variable([2.0]), Variable([3.0])
    with GradientTape(persistent=True) as outer:
        with GradientTape() as inner:
            y = ops.sum(w * w)
        slope = inner.gradient(y, w)
        loss = ops.sum(ops.square(slope)) + ops.sum(x)
        constant = ops.sum(ops.stop_gradient(slope) * w)
    for source in ([w], [x, w]):
        with pytest.raises(NotImplementedError, match="gradients of gradients are not supported"):
            outer.gradient(loss, source)
    np.testing.assert_allclose(outer.gradient(loss, x), [1.0])
    np.testing.assert_allclose(outer.gradient(constant, w), [4.0])
