"""Compiled LSTM, GRU and simple recurrent layer."""

import numpy as np
import pytest

from tests.kernels.twins import compare, draw, garbage, setting, twins  # noqa: F401


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("n", "t", "i", "u"), [(0, 2, 3, 4), (1, 1, 1, 1), (5, 4, 3, 7), (16, 3, 8, 32)])
def test_lstm(n, t, i, u, masked):
    x, w, r, b = draw(n, t, i), draw(i, 4 * u) / 4, draw(u, 4 * u, seed=1) / 4, draw(4 * u)
    h0, c0 = draw(n, u), draw(n, u, seed=1)
    mask = (draw(n, t, seed=5) > 0) if masked else np.zeros(0, np.bool_)
    saved = [garbage(t, 4 * u, n), garbage(t + 1, u + 1, n), garbage(t + 1, u, n), garbage(t, u, n)]
    given = [x, h0, c0, w, r, b, mask, garbage(n, t, u), garbage(n, u), garbage(n, u), *saved]
    ways = {"go_backwards": False, "zero_output": False}
    compare("lstm", "forward", given, range(7, 14), 1e-4, 1e-5, **ways)
    twins("lstm")[1].forward(*given, **ways)
    gradients = [garbage(n, t, i), garbage(n, u), garbage(n, u), garbage(i, 4 * u), garbage(u, 4 * u), garbage(4 * u)]
    given = [draw(n, t, u), draw(n, u), draw(n, u, seed=2), x, w, r, b, mask, *given[10:], *gradients]
    compare("lstm", "backward", given, range(12, 18), 1e-3, 1e-4, **ways)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("n", "t", "i", "u"), [(0, 2, 3, 4), (1, 1, 1, 1), (5, 4, 3, 7), (16, 3, 8, 32)])
def test_gru(n, t, i, u, after):
    x, w, r = draw(n, t, i), draw(i, 3 * u) / 4, draw(u, 3 * u, seed=1) / 4
    b = draw(2, 3 * u) if after else draw(3 * u)
    mask = np.zeros(0, np.bool_)
    saved = [garbage(t, 3 * u, n), garbage(t + 1, u + 1, n), garbage(t, u, n)]
    given = [x, draw(n, u), w, r, b, mask, garbage(n, t, u), garbage(n, u), *saved]
    ways = {"go_backwards": True, "zero_output": False}
    compare("gru", "forward", given, range(6, 11), 1e-4, 1e-5, **ways)
    twins("gru")[1].forward(*given, **ways)
    gradients = [garbage(n, t, i), garbage(n, u), garbage(i, 3 * u), garbage(u, 3 * u), garbage(*b.shape)]
    given = [draw(n, t, u), draw(n, u), x, w, r, b, mask, *given[8:], *gradients]
    compare("gru", "backward", given, range(10, 15), 1e-3, 1e-4, **ways)


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
@pytest.mark.parametrize(("n", "t", "i", "u"), [(0, 2, 3, 4), (1, 1, 1, 1), (5, 4, 3, 7), (16, 3, 8, 32)])
def test_simple_rnn(n, t, i, u, activation):
    x, w, r, b = draw(n, t, i), draw(i, u) / 4, draw(u, u, seed=1) / 4, draw(u)
    mask = draw(n, t, seed=5) > -1
    given = [x, draw(n, u), w, r, b, mask, garbage(n, t, u), garbage(n, u), garbage(t + 1, u + 1, n)]
    ways = {"go_backwards": False, "zero_output": False, "activation": activation}
    compare("simple_rnn", "forward", given, range(6, 9), 1e-4, 1e-5, **ways)
    twins("simple_rnn")[1].forward(*given, **ways)
    gradients = [garbage(n, t, i), garbage(n, u), garbage(i, u), garbage(u, u), garbage(u)]
    given = [draw(n, t, u), draw(n, u), x, w, r, b, mask, given[8], *gradients]
    compare("simple_rnn", "backward", given, range(8, 13), 1e-3, 1e-4, **ways)
