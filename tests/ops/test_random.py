"""Random ops: distributions, keys, rows that do not depend on the number of processes."""

import numpy as np
import pytest

from dtrain.graph import Arena, Program, StepContext, Trace, make_plan, tracing
from dtrain.ops.dropout import dropout
from dtrain.ops.random import categorical, normal, randint, truncated_normal, uniform
from dtrain.random.seed import SeedGenerator, set_global_seed
from tests.ops.gradcheck import check, check_divided


def run(function, rows=4, total=4, **context):
    """One step of `function(x)` on ones (rows, 3) in a trace."""
    trace = Trace(rows=rows, total_rows=total)
    with tracing(trace):
        y = function(trace.batch_input((3,), "float32"))
    program = Program(make_plan(trace, [y.index]), Arena(), StepContext(**context))
    program.inputs[0][...] = 1
    program.run()
    return program.results[0].copy()


def noise(x):
    return x + normal(x.shape)


def test_a_step_has_its_own_numbers_and_repeats_them():
    assert np.array_equal(run(noise, seed=1, step=5), run(noise, seed=1, step=5))
    for other in (dict(seed=2, step=5), dict(seed=1, step=6), dict(seed=1, step=5, epoch=1)):
        assert not np.any(run(noise, seed=1, step=5) == run(noise, **other))


def test_two_draws_of_one_model_differ():
    y = run(lambda x: normal(x.shape) - normal(x.shape))
    assert np.all(y != 0)


@pytest.mark.parametrize(
    "function",
    [
        noise,
        lambda x: dropout(x, 0.5),
        lambda x: dropout(x, 0.5, (None, 1)),
        lambda x: truncated_normal((x.shape[0], 2)),
        lambda x: randint((x.shape[0], 5), 0, 100),
        lambda x: uniform((2, x.shape[0])),
        lambda x: categorical(x, 7),
    ],
)
def test_a_row_has_the_same_numbers_on_every_world_size(function):
    whole = run(function, 5, 5)
    parts = [run(function, 2, 5), run(function, 0, 5, first_row=2), run(function, 3, 5, first_row=2)]
    axis = 1 if whole.shape[0] == 2 else 0
    np.testing.assert_array_equal(np.concatenate(parts, axis), whole)


def test_rows_that_several_values_come_from_keep_their_numbers():
    from dtrain.ops import reshape

    def function(x):
        return dropout(reshape(x, (-1,)), 0.5)

    whole = run(function, 5, 5)
    np.testing.assert_array_equal(np.concatenate([run(function, 2, 5), run(function, 3, 5, first_row=2)]), whole)


def test_dropout_keeps_the_mean_and_its_gradient_has_the_mask():
    y = dropout(np.ones((200, 300), np.float32), 0.25, seed=3).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.75], rtol=1e-6)
    assert abs(y.mean() - 1) < 0.01
    check(lambda x: dropout(x, 0.4, seed=3), np.random.default_rng(0).normal(size=(6, 7)))
    check(lambda x: dropout(x, 0.4, (6, 1, 7), seed=3), np.random.default_rng(0).normal(size=(6, 5, 7)))


def test_dropout_noise_shape_repeats_the_mask():
    y = dropout(np.ones((50, 4, 6)), 0.5, (None, 1, None), seed=1).numpy()
    assert np.all(y == y[:, :1]) and np.any(y != y[:1])
    shared = dropout(np.ones((50, 4)), 0.5, (1, 4), seed=4).numpy()
    assert np.all(shared == shared[:1])


def test_dropout_of_divided_rows():
    check_divided(lambda x: dropout(x, 0.5), np.random.default_rng(0).normal(size=(5, 4)), batched=(True,))


def test_rates_zero_and_one():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(dropout(x, 0).numpy(), x)
    np.testing.assert_array_equal(dropout(x, 1).numpy(), np.zeros((2, 3)))


def test_distributions():
    u = uniform((100, 200), -1, 3, seed=1).numpy()
    assert u.min() >= -1 and u.max() < 3 and abs(u.mean() - 1) < 0.02 and abs(u.var() - 16 / 12) < 0.03
    n = normal((100, 200), 2, 3, seed=1).numpy()
    assert abs(n.mean() - 2) < 0.05 and abs(n.std() - 3) < 0.05
    t = truncated_normal((100, 200), 2, 3, seed=1).numpy()
    assert np.abs(t - 2).max() <= 6.0001 and abs(t.std() / 3 - 0.8796) < 0.02
    i = randint((100, 200), -3, 4, seed=1).numpy()
    assert i.dtype == np.int32
    counts = np.bincount(i.ravel() + 3, minlength=7)
    assert len(counts) == 7 and np.abs(counts / i.size * 7 - 1).max() < 0.1
    assert uniform((3,), dtype="float64", seed=1).numpy().dtype == np.float64
    assert uniform((), seed=1).numpy().shape == ()


def test_categorical_follows_the_logits():
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        draws = categorical(np.log(p).astype(np.float32), 20000, seed=2).numpy()
    for row, expected in zip(draws, p, strict=True):
        np.testing.assert_allclose(np.bincount(row, minlength=3) / 20000, expected, atol=0.015)


def test_seeds():
    assert np.array_equal(normal((3,), seed=1).numpy(), normal((3,), seed=1).numpy())
    generator = SeedGenerator(5)
    first, second = normal((3,), seed=generator).numpy(), normal((3,), seed=generator).numpy()
    assert not np.any(first == second)
    assert np.array_equal(first, normal((3,), seed=SeedGenerator(5)).numpy())
    set_global_seed(9)
    a, b = normal((3,)).numpy(), normal((3,)).numpy()
    set_global_seed(9)
    assert np.array_equal(a, normal((3,)).numpy()) and not np.any(a == b)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"rate=1\.5"):
        dropout(np.ones(3), 1.5)
    with pytest.raises(ValueError, match="noise_shape"):
        dropout(np.ones((3, 4)), 0.5, (3, 2))
    with pytest.raises(ValueError, match="minval=3"):
        randint((2,), 3, 3)
