"""Compiled activations, dense layers, update rules and what the compiled kernels refuse."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.kernels.twins import SIZES, _native, compare, draw, garbage, setting, twins  # noqa: F401


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", ["linear", "relu", "sigmoid", "tanh"])
def test_activations_and_slopes(name, n):
    x = draw(n) * 3
    compare("elementwise", "activate", [name, x, garbage(n)], [2])
    compare("elementwise", "scale_by_slope", [name, x, draw(n, seed=1), garbage(n), np.empty(n, np.bool_)], [3])


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_activations_of_extreme_values(name):
    x = np.array([-np.inf, -1e30, -1000, -104, -88, -1e-30, -0.0, 0, 1e-30, 1e-4, 88, 1000, 1e30, np.inf], np.float32)
    compare("elementwise", "activate", [name, x, garbage(len(x))], [2], rtol=1e-6, atol=1e-30)
    y = np.zeros(3, np.float32)
    twins("elementwise")[0].activate(name, np.full(3, np.nan, np.float32), y)
    assert np.isnan(y).all()


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_activations_keep_all_digits(name):
    x = np.linspace(-12, 12, 100_003, dtype=np.float32)
    y = np.empty_like(x)
    twins("elementwise")[0].activate(name, x, y)
    exact = x.astype(np.float64)
    exact = np.tanh(exact) if name == "tanh" else 1 / (1 + np.exp(-exact))
    assert np.max(np.abs(y / np.where(exact == 0, 1, exact) - (exact != 0))) < 4 * np.finfo(np.float32).eps


@pytest.mark.parametrize("function", ["positive_part", "sigmoid"])
def test_activations_may_overwrite_their_input(function):
    x = draw(37)
    expected = np.empty_like(x)
    for module in twins("elementwise"):
        y = x.copy()
        getattr(module, function)(y, y)
        getattr(twins("elementwise")[1], function)(x, expected)
        np.testing.assert_allclose(y, expected, 1e-6)


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("shape", [(0, 3, 5), (1, 1, 1), (7, 9, 33), (64, 20, 128)], ids=str)
def test_dense(shape, activation):
    n, i, o = shape
    x, w, b, dy = draw(n, i), draw(i, o), draw(o), draw(n, o, seed=1)
    compare("dense", "forward", [x, w, b, garbage(n, o)], [3], activation=activation)
    y = np.tanh(draw(n, o, seed=2))
    given = [dy, x, w, y, garbage(n, o), garbage(n, i), garbage(i, o), garbage(o)]
    compare("dense", "backward", given, [5, 6, 7], atol=1e-4, activation=activation)
    compare("dense", "backward", [*given[:5], None, given[6], None], [6], atol=1e-4, activation=activation)


@pytest.mark.parametrize("n", [*SIZES, 100_003])
@pytest.mark.parametrize(
    ("function", "states", "scalars"),
    [
        ("sgd", 0, (0.1,)),
        ("sgd_momentum", 1, (0.1, 0.9, False)),
        ("sgd_momentum", 1, (0.1, 0.9, True)),
        ("adam", 2, (0.01, 0.9, 0.999, 1e-7)),
        ("adam_amsgrad", 3, (0.01, 0.9, 0.999, 1e-7)),
        ("rmsprop", 1, (0.01, 0.9, 1e-7)),
    ],
)
def test_optimizer_rules(function, states, scalars, n):
    state = [np.abs(draw(n, seed=k)) for k in range(states)]
    arrays = [draw(n), draw(n, seed=9), *state, np.empty(n, np.float32)]
    compare("optimizer", function, [*arrays, *scalars], [0, *range(2, 2 + states)])


def test_parts_of_adam():
    g, m, v, t = draw(99), draw(99, seed=1), np.abs(draw(99, seed=2)), np.empty(99, np.float32)
    compare("optimizer", "moments", [g, m, v, t, 0.9, 0.999], [1, 2])
    compare("optimizer", "descend", [g, m, v, t, 0.1, 1e-7], [0])
    compare("optimizer", "decayed_mean_square", [g, v, t, 0.9], [1])


@pytest.mark.parametrize("n", [1000, 100_003])
def test_values_have_the_same_bits_however_they_are_divided(n):
    """Processes update parts of the weights, threads parts of those."""
    arrays = [draw(n), draw(n, seed=1), draw(n, seed=2), np.abs(draw(n, seed=3))]
    settings = (None, 0.01, 0.9, 0.999, 1e-7)
    whole, parts = [a.copy() for a in arrays], [a.copy() for a in arrays]
    assert _native.adam(*whole, *settings) and _native.activate(3, whole[1], whole[1])
    for start, stop in ((0, 7), (7, 500), (500, n)):
        pieces = [a[start:stop] for a in parts]
        assert _native.adam(*pieces, *settings) and _native.activate(3, pieces[1], pieces[1])
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_arrays_go_to_numpy():
    """float64, strides, both byte orders and unaligned memory: the results are right, whoever computes them."""
    x = draw(40)
    for given in (x.astype(np.float64), x[::2], x.astype(">f4"), np.frombuffer(b"0" + x.tobytes(), "<f4", offset=1)):
        y = np.zeros_like(given)
        twins("elementwise")[0].activate("tanh", given, y)
        np.testing.assert_allclose(y, np.tanh(given), 1e-6)
    strided = np.zeros((40, 2), np.float32)
    twins("elementwise")[0].activate("tanh", x, strided[:, 0])
    np.testing.assert_allclose(strided[:, 0], np.tanh(x), 1e-6)
    assert not strided[:, 1].any()


def test_read_only_results_and_wrong_sizes_are_refused():
    x, y = draw(8), np.zeros(8, np.float32)
    y.flags.writeable = False
    assert not _native.activate(1, x, y)
    assert not _native.activate(1, x, np.zeros(7, np.float32))
    assert not _native.activate(1, x)
    assert not _native.activate("relu", x, np.zeros(8, np.float32))
    assert not _native.sparse_logits(draw(2, 3), np.array([0, 6]), np.zeros(2, "f"), np.zeros((2, 3), "f"))


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match="no instruction set of that name"):
        _native.use("mmx")


def test_threads_survive_a_fork():
    code = (
        "import os, numpy as np\n"
        "from dtrain.kernels.native import _native\n"
        "_native.limit_threads(2)\n"
        "x = np.ones(1 << 18, np.float32)\n"
        "assert _native.activate(1, x, x)\n"
        "if os.fork():\n"
        "    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "assert _native.activate(1, x, x)\n"
        "os._exit(7)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], env=os.environ, timeout=60, check=False)
    assert result.returncode == 7
