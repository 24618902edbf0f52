import json
import tracemalloc

import numpy as np
import pytest

import dtrain.ops  # noqa: F401 (gives the operators on tensors their meaning)
from dtrain import constraints, optimizers
from dtrain.graph import Parameters, Variable, as_tensor
from dtrain.optimizers import schedules
from dtrain.optimizers.runs import CHUNK

NAMES = [
    "SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Adafactor", "Nadam", "Ftrl", "Lamb", "Lion",
    "ScheduleFreeAdamW",
]  # fmt: skip
SHAPES = [(40, 30), (30,), (30, 3), (3,)]


def variables(seed=0):
    random = np.random.default_rng(seed)
    return [Variable(random.normal(size=s).astype("float32"), name=f"v{k}") for k, s in enumerate(SHAPES)]


def parameters_of(trained):
    return Parameters(reversed(trained))


def fill(parameters, step):
    for k, variable in enumerate(sorted(parameters.variables, key=lambda v: v.name)):
        parameters.gradient(variable)[...] = np.random.default_rng([step, k]).normal(size=variable.shape)


def train(optimizer, parameters, first, last, **kwargs):
    for step in range(first, last):
        fill(parameters, step)
        optimizer.step(parameters, **kwargs)


# -- where the values lie --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_flat_and_separate_variables_get_the_same_values(name):
    flat, separate = variables(), variables()
    parameters = parameters_of(flat)
    one, other = optimizers.get(name), optimizers.get(name)
    for step in range(4):
        fill(parameters, step)
        one.step(parameters)
        gradients = [np.random.default_rng([step, k]).normal(size=s) for k, s in enumerate(SHAPES)]
        other.apply_gradients(zip(gradients, separate, strict=True))
    for a, b in zip(flat, separate, strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_gaps_between_parameters_stay_zero(name):
    trained = variables()
    parameters = parameters_of(trained)
    train(optimizers.get(name), parameters, 0, 3)
    inside = np.zeros(parameters.values.size, bool)
    for where in parameters.slices:
        inside[where] = True
    assert not inside.all()
    np.testing.assert_array_equal(parameters.values[~inside], 0)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("Lamb", "Adafactor")])
def test_two_processes_that_own_one_region_each_get_the_bits_of_one(name):
    whole = parameters_of(variables())
    train(optimizers.get(name), whole, 0, 4)
    cut = 617  # in the middle of a variable
    size = whole.values.size
    parts = [parameters_of(variables()) for _ in range(2)]
    own = [slice(0, cut), slice(cut, size)]
    pair = [optimizers.get(name) for _ in range(2)]
    for step in range(4):
        for optimizer, parameters, region in zip(pair, parts, own, strict=True):
            fill(parameters, step)
            optimizer.step(parameters, region)
        parts[0].values[own[1]] = parts[1].values[own[1]]
        parts[1].values[own[0]] = parts[0].values[own[0]]
    np.testing.assert_array_equal(parts[0].values, whole.values)
    np.testing.assert_array_equal(parts[1].values, whole.values)


@pytest.mark.parametrize("config", [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}])
def test_what_needs_whole_variables_refuses_a_region(config):
    optimizer = optimizers.SGD(**config)
    assert not optimizer.shardable
    with pytest.raises(ValueError, match="region=None"):
        optimizer.step(parameters_of(variables()), slice(0, 8))


def test_a_step_allocates_nothing_of_the_size_of_the_values():
    variable = Variable(np.zeros(20 * CHUNK, np.float32))
    parameters = Parameters([variable])
    optimizer = optimizers.Adam(global_clipnorm=1.0)
    optimizer.step(parameters)
    tracemalloc.start()
    optimizer.step(parameters)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * CHUNK * 4


def test_state_follows_variables_into_another_layout():
    trained = variables()
    optimizer = optimizers.Adam()
    first = parameters_of(trained)
    optimizer.build(trained)
    train(optimizer, first, 0, 3)
    second = Parameters(trained)
    train(optimizer, second, 3, 6)
    expected = variables()
    other, parameters = optimizers.Adam(), parameters_of(expected)
    train(other, parameters, 0, 6)
    for a, b in zip(trained, expected, strict=True):
        np.testing.assert_array_equal(a.array, b.array)


# -- options ---------------------------------------------------------------------------------------------------------


def test_gradient_accumulation_equals_one_step_with_the_mean_gradient():
    one, many = variables(), variables()
    gradients = [[np.random.default_rng([s, k]).normal(size=v) for k, v in enumerate(SHAPES)] for s in range(3)]
    optimizers.Adam().apply([sum(column) / 3 for column in zip(*gradients, strict=True)], one)
    accumulating = optimizers.Adam(gradient_accumulation_steps=3)
    before = [v.numpy() for v in many]
    for number, step in enumerate(gradients):
        accumulating.apply(step, many)
        if number < 2:
            assert all(np.array_equal(v.array, b) for v, b in zip(many, before, strict=True))
    assert int(accumulating.iterations) == 1
    for a, b in zip(one, many, strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-5, atol=1e-7)


def test_excluded_variables_do_not_decay():
    trained = variables()
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[trained[0]], var_names=["v3"])
    before = [v.numpy() for v in trained]
    optimizer.step(parameters_of(trained))  # the gradients are zero
    for k, (variable, old) in enumerate(zip(trained, before, strict=True)):
        np.testing.assert_allclose(variable.array, old * (1.0 if k in (0, 3) else 0.5), rtol=1e-6)
    with pytest.raises(ValueError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["v1"])


def test_a_small_decay_is_not_lost_to_rounding():
    variable = Variable(np.ones(1000, np.float32))
    optimizer = optimizers.SGD(1e-3, weight_decay=3e-3)
    parameters = Parameters([variable])
    for _ in range(1000):
        optimizer.step(parameters)
    np.testing.assert_allclose(variable.array, (1 - 3e-6) ** 1000, rtol=3e-5)


def test_clipvalue_and_norms_limit_gradients():
    g = np.array([3.0, -4.0])
    for config, expected in (
        ({"clipvalue": 2.0}, [2.0, -2.0]),
        ({"clipnorm": 1.0}, [0.6, -0.8]),
        ({"global_clipnorm": 10.0}, [3.0, -4.0]),
    ):
        variable = Variable(np.zeros(2, np.float32))
        optimizers.SGD(1.0, **config).apply([g], [variable])
        np.testing.assert_allclose(variable.array, np.negative(expected), rtol=1e-6)


def test_a_gradient_that_is_not_finite_is_not_hidden_by_clipping():
    variable = Variable(np.zeros(2, np.float32))
    optimizers.SGD(1.0, clipnorm=1.0).apply([np.array([np.inf, 1.0])], [variable])
    assert np.isnan(variable.array).all()


def test_constraints_hold_after_every_step():
    trained = variables()
    trained[0].constraint = constraints.NonNeg()
    parameters = parameters_of(trained)
    train(optimizers.SGD(1.0), parameters, 0, 2)
    assert trained[0].array.min() >= 0
    assert trained[1].array.min() < 0


def test_averages_replace_values_at_the_end():
    variable = Variable(np.zeros(2, np.float32))
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply([np.ones(2)], [variable])
    np.testing.assert_allclose(variable.array, -3)
    optimizer.finalize_variable_values([variable])
    np.testing.assert_allclose(variable.array, 0.5 * (0.5 * -1 + 0.5 * -2) + 0.5 * -3)


# -- learning rate ---------------------------------------------------------------------------------------------------


def test_the_learning_rate_can_be_set_and_a_schedule_follows_the_steps():
    optimizer = optimizers.SGD()
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([0], [0.5, 0.25])
    variable = Variable(np.zeros(1, np.float32))
    for expected in (-0.5, -0.75, -1.0):
        optimizer.apply([np.ones(1)], [variable])
        assert variable.array[0] == expected
    assert float(optimizer.learning_rate) == 0.25
    with pytest.raises(TypeError, match="follows PiecewiseConstantDecay"):
        optimizer.learning_rate = 0.1


def test_a_function_without_arguments_is_a_learning_rate():
    variable = Variable(np.zeros(1, np.float32))
    optimizers.SGD(lambda: 2.0).apply([np.ones(1)], [variable])
    assert variable.array[0] == -2


def test_lr_is_understood_with_a_hint_at_todays_spelling():
    with pytest.warns(DeprecationWarning, match="learning_rate"):
        assert float(optimizers.Adam(lr=0.25).learning_rate) == 0.25


# -- rules of users --------------------------------------------------------------------------------------------------


class KerasStyle(optimizers.Optimizer):
    """As Keras's guide has it."""

    def __init__(self, learning_rate=0.1, momentum=0.9, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [
            self.add_variable_from_reference(reference_variable=v, name="momentum") for v in self.trained_variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        m = next(m for m, v in zip(self.momentums, self.trained_variables, strict=True) if v is variable)
        self.assign(m, m * self.momentum - gradient * learning_rate)
        self.assign_add(variable, m)


def test_a_rule_written_as_in_keras_works_on_flat_parameters():
    mine, theirs = variables(), variables()
    a, b = parameters_of(mine), parameters_of(theirs)
    train(KerasStyle(), a, 0, 3)
    train(optimizers.SGD(0.1, 0.9), b, 0, 3)
    np.testing.assert_allclose(a.values, b.values, rtol=1e-5, atol=1e-6)


def test_a_subclass_that_changes_update_step_is_asked_for_every_variable():
    seen = []

    class Noting(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            seen.append(variable.name)
            super().update_step(gradient * 0.5, variable, learning_rate)

    mine, theirs = variables(), variables()
    a, b = parameters_of(mine), parameters_of(theirs)
    train(Noting(0.5), a, 0, 1)
    train(optimizers.SGD(0.25), b, 0, 1)
    assert sorted(seen) == ["v0", "v1", "v2", "v3"]
    np.testing.assert_allclose(a.values, b.values, rtol=1e-6)


# -- state and configuration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"use_ema": True, "gradient_accumulation_steps": 2}])
def test_training_goes_on_from_saved_state_bit_for_bit(name, options):
    make = getattr(optimizers, name)
    whole, first = parameters_of(variables()), parameters_of(variables())
    train(make(**options), whole, 0, 6)
    before = make(**options)
    train(before, first, 0, 3)
    trained = variables()
    for variable, old in zip(reversed(trained), first.variables, strict=True):
        variable.array[...] = old.array
    after, second = make(**options), parameters_of(trained)
    after.build(second)
    after.load_state(before.state())
    train(after, second, 3, 6)
    np.testing.assert_array_equal(second.values, whole.values)


def test_numbered_state_is_in_the_order_of_keras():
    trained = variables()
    optimizer = optimizers.Adam(amsgrad=True, use_ema=True)
    optimizer.build(trained)
    optimizer.build(parameters_of(trained))
    shapes = [v.shape for v in optimizer.variables]
    pairs = [s for shape in SHAPES for s in (shape, shape)]
    assert shapes == [(), (), *SHAPES, *pairs, *SHAPES]
    assert optimizer.variables[0].dtype == "int32"
    assert optimizer.variables[6].name == "v0_momentum"


def test_numbered_state_comes_back_also_without_a_learning_rate():
    trained = variables()
    optimizer = optimizers.Adam(0.5)
    train(optimizer, parameters_of(trained), 0, 2)
    store = {}
    optimizer.save_own_variables(store)
    other = optimizers.Adam(0.25)
    other.build(parameters_of(variables()))
    other.load_own_variables(store)
    assert float(other.learning_rate) == 0.5
    keras_2 = {str(k): store[str(key)] for k, key in enumerate([0, *range(2, len(store))])}
    third = optimizers.Adam(0.25)
    third.build(parameters_of(variables()))
    third.load_own_variables(keras_2)
    assert float(third.learning_rate) == 0.25
    assert int(third.iterations) == 2
    for a, b in zip(third.variables[2:], optimizer.variables[2:], strict=True):
        np.testing.assert_array_equal(a.array, b.array)


def test_state_of_another_model_is_refused_and_leaves_everything_as_it_was():
    optimizer = optimizers.Adam()
    optimizer.build(variables())
    with pytest.warns(UserWarning, match="skipped"):
        optimizer.load_own_variables({"0": np.int32(7), "1": np.ones(3)})
    with pytest.raises(ValueError, match="missing learning_rate; .*unexpected other"):
        optimizer.load_state({"iteration": np.int32(7), "other": np.ones(3)})
    assert int(optimizer.iterations) == 0


def test_arrays_cover_all_state():
    trained = variables()
    optimizer = optimizers.Nadam()
    train(optimizer, parameters_of(trained), 0, 2)
    for array in optimizer.arrays():
        array[...] = 1
    assert all((v.array == 1).all() for v in optimizer.variables)


@pytest.mark.parametrize("name", NAMES)
def test_configurations_come_back_through_json(name):
    optimizer = getattr(optimizers, name)(learning_rate=schedules.ExponentialDecay(0.1, 5, 0.5), name="mine")
    again = optimizers.get(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


def test_configurations_of_keras_2_are_read():
    inner = {"name": "Adam", "learning_rate": 0.5, "decay": 0.0, "jit_compile": True, "is_legacy_optimizer": False}
    for class_name in ("Adam", "Custom>Adam"):
        optimizer = optimizers.get({"class_name": class_name, "config": dict(inner)})
        assert type(optimizer) is optimizers.Adam
        assert float(optimizer.learning_rate) == 0.5


def test_names_are_found_in_any_case_and_typing_errors_answered():
    assert isinstance(optimizers.get("adam"), optimizers.Adam)
    assert isinstance(optimizers.get("RMSPROP"), optimizers.RMSprop)
    with pytest.raises(ValueError, match="Did you mean '[aA]dam"):
        optimizers.get("adan")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "only one of"),
        ({"gradient_accumulation_steps": 1}, "integer >= 2"),
        ({"use_ema": True, "ema_momentum": 2}, r"in \[0, 1\]"),
        ({"learning_rate": "fast"}, "must be a number"),
        ({"learning_rate": -1.0}, ">= 0"),
        ({"speed": 3}, "unknown arguments speed"),
    ],
)
def test_nonsense_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        optimizers.SGD(**config)


def test_wrong_gradients_are_refused():
    trained = variables()
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="expected 4 gradients. Received: 1"):
        optimizer.apply([np.ones(3)], trained)
    with pytest.raises(ValueError, match="no variable has a gradient"):
        optimizer.apply([None] * 4, trained)
    with pytest.warns(UserWarning, match="no gradient for v0"):
        optimizer.apply([None, *(as_tensor(v.array) for v in trained[1:])], trained)
    with pytest.raises(ValueError, match="Received also: other"):
        optimizer.apply([np.ones(3)], [Variable(np.ones(3), name="other")])
    with pytest.raises(ValueError, match="gradient of shape"):
        optimizer.apply([np.ones((30, 40)), *(v.array for v in trained[1:])], trained)


def test_a_state_that_rules_add_is_named_by_its_place_alone() -> None:
    def built() -> optimizers.Optimizer:
        made = optimizers.Adafactor()
        made.build([Variable(np.ones((2, 3), np.float32), name="kernel")])
        return made

    one, other = built(), built()
    one.load_scalar_state({name: array + 1 for name, array in one.scalar_state().items()})
    state = one.scalar_state()
    assert sorted(state) == ["added/0", "added/1", "added/2", "iteration", "learning_rate"]
    older = {f"{name}/dense_3_kernel" if name.startswith("added") else name: a for name, a in state.items()}
    other.load_scalar_state(older)
    for name, array in other.scalar_state().items():
        np.testing.assert_array_equal(array, state[name])
