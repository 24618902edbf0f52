import json

import numpy as np
import pytest

from dtrain import initializers
from dtrain.random.seed import SeedGenerator
from dtrain.utils import set_random_seed

RANDOM = [
    initializers.RandomNormal,
    initializers.RandomUniform,
    initializers.TruncatedNormal,
    initializers.VarianceScaling,
    initializers.GlorotUniform,
    initializers.GlorotNormal,
    initializers.HeNormal,
    initializers.HeUniform,
    initializers.LecunNormal,
    initializers.LecunUniform,
    initializers.Orthogonal,
]


@pytest.mark.parametrize("cls", RANDOM)
def test_a_seed_fixes_the_values(cls):
    first = cls(seed=7)((8, 5))
    np.testing.assert_array_equal(first, cls(seed=7)((8, 5)))
    assert not np.array_equal(first, cls(seed=8)((8, 5)))
    assert first.dtype == np.float32
    assert first.shape == (8, 5)


@pytest.mark.parametrize("cls", RANDOM)
def test_without_a_seed_every_call_differs_and_set_random_seed_repeats_them(cls):
    set_random_seed(1)
    initializer = cls()
    first, second = initializer((8, 5)), initializer((8, 5))
    assert not np.array_equal(first, second)
    set_random_seed(1)
    np.testing.assert_array_equal(first, cls()((8, 5)))


@pytest.mark.parametrize("cls", RANDOM)
def test_configurations_come_back_through_json(cls):
    config = json.loads(json.dumps(initializers.serialize(cls(seed=3))))
    np.testing.assert_array_equal(initializers.get(config)((4, 4)), cls(seed=3)((4, 4)))


def test_a_seed_generator_gives_every_call_its_own_values():
    initializer = initializers.RandomNormal(seed=SeedGenerator(1))
    assert not np.array_equal(initializer((4,)), initializer((4,)))
    again = initializers.get(initializers.serialize(initializers.RandomNormal(seed=SeedGenerator(1))))
    np.testing.assert_array_equal(again((4,)), initializers.RandomNormal(seed=SeedGenerator(1))((4,)))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / (300 + 200)),
        ("glorot_normal", 2 / (300 + 200)),
        ("he_normal", 2 / 300),
        ("he_uniform", 2 / 300),
        ("lecun_normal", 1 / 300),
        ("lecun_uniform", 1 / 300),
    ],
)
def test_the_variance_is_that_of_the_formula(name, variance):
    set_random_seed(0)
    values = initializers.get(name)((300, 200))
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert abs(values.mean()) < 4 * np.sqrt(variance / values.size)


def test_truncated_normal_stays_within_two_standard_deviations():
    values = initializers.TruncatedNormal(mean=1.0, stddev=0.5, seed=0)((200, 200))
    assert np.abs(values - 1.0).max() <= 1.0
    assert values.std() == pytest.approx(0.5 * 0.8796, rel=0.02)


def test_uniform_fills_its_range():
    values = initializers.RandomUniform(-2.0, 3.0, seed=0)((100, 100))
    assert -2.0 <= values.min() < -1.99
    assert 2.99 < values.max() <= 3.0


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (3, 2, 5)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    matrix = initializers.Orthogonal(gain=2.0, seed=0)(shape, "float64").reshape(-1, shape[-1])
    small = matrix if matrix.shape[0] < matrix.shape[1] else matrix.T
    np.testing.assert_allclose(small @ small.T, 4 * np.eye(len(small)), atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 4), (3, 4)), ((3, 3, 8, 16), (72, 144)), ((5, 2, 7), (10, 35))],
)
def test_fans_count_the_window_of_convolutions(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_constants_and_identity():
    np.testing.assert_array_equal(initializers.Zeros()((2,)), [0, 0])
    np.testing.assert_array_equal(initializers.Ones()((2,), "int32"), [1, 1])
    np.testing.assert_array_equal(initializers.Constant([1, 2])((3, 2)), [[1, 2]] * 3)
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])


def test_get_takes_every_form():
    assert isinstance(initializers.get("HeNormal"), initializers.HeNormal)
    assert isinstance(initializers.get("normal"), initializers.RandomNormal)
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    assert initializers.get(None) is None
    assert initializers.get(len) is len
    np.testing.assert_array_equal(initializers.get(np.array([1.0, 2.0]))((2,)), [1, 2])
    assert isinstance(initializers.get({"class_name": "Zeros", "config": {}}), initializers.Zeros)


def test_errors_name_what_was_expected():
    with pytest.raises(ValueError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrm")
    with pytest.raises(ValueError, match="at least two axes"):
        initializers.Orthogonal()((3,))
    with pytest.raises(ValueError, match="shape of a matrix"):
        initializers.Identity()((3,))
    with pytest.raises(ValueError, match="scale must be a number > 0"):
        initializers.VarianceScaling(scale=0)
    with pytest.raises(ValueError, match="broadcasts"):
        initializers.Constant([1, 2])((3,))
