"""The claims of the battery, for every row of its table."""

import pytest

from tests.layers import battery
from tests.layers.cases import CASES

each_layer = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
both_modes = pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])


@each_layer
def test_all_calls_give_the_same_shapes(case):
    battery.check_shapes(case)


@each_layer
@both_modes
def test_a_program_computes_what_a_call_computes(case, training):
    if training and case.random:
        pytest.skip("random numbers outside of a model differ from call to call")
    battery.check_values(case, training)


@each_layer
@both_modes
def test_gradients_are_those_of_differences(case, training):
    battery.check_gradients(case, training)


@each_layer
@both_modes
def test_processes_that_share_the_rows_compute_the_same(case, training):
    battery.check_divided(case, training)


@each_layer
def test_a_layer_comes_back_from_its_configuration(case):
    battery.check_config(case)


@each_layer
def test_weights_have_the_names_and_shapes_of_keras(case):
    battery.check_weights(case)


@each_layer
def test_a_training_step_changes_the_weights(case):
    battery.check_step(case)
