"""Update rules on one-dimensional pieces that fit in the cache: new values and state from a gradient, in place.

Every array argument is one-dimensional, contiguous and of one length; those named `t`, `u` are scratch of that length.
A rule writes `w` and its state, never `g`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sgd(w: Array, g: Array, t: Array, learning_rate: float) -> None:
    """`w -= learning_rate * g`"""
    np.multiply(g, learning_rate, out=t)
    np.subtract(w, t, out=w)


def sgd_momentum(w: Array, g: Array, m: Array, t: Array, learning_rate: float, momentum: float, nesterov: bool) -> None:
    """`m = momentum * m - learning_rate * g; w += momentum * m - learning_rate * g if nesterov else m`"""
    np.multiply(g, learning_rate, out=t)
    np.multiply(m, momentum, out=m)
    np.subtract(m, t, out=m)
    if not nesterov:
        np.add(w, m, out=w)
        return
    np.subtract(w, t, out=w)
    np.multiply(m, momentum, out=t)
    np.add(w, t, out=w)


def adam(
    w: Array, g: Array, m: Array, v: Array, t: Array, alpha: float, beta_1: float, beta_2: float, epsilon: float
) -> None:
    """`m += (g - m) * (1 - beta_1); v += (g*g - v) * (1 - beta_2); w -= alpha * m / (sqrt(v) + epsilon)`"""
    moments(g, m, v, t, beta_1, beta_2)
    descend(w, m, v, t, alpha, epsilon)


def adam_amsgrad(
    w: Array, g: Array, m: Array, v: Array, v_hat: Array, t: Array,
    alpha: float, beta_1: float, beta_2: float, epsilon: float,
) -> None:  # fmt: skip
    """As `adam`, with the largest v so far (`v_hat = max(v_hat, v)`) in place of v in the last step."""
    moments(g, m, v, t, beta_1, beta_2)
    np.maximum(v_hat, v, out=v_hat)
    descend(w, m, v_hat, t, alpha, epsilon)


def moments(g: Array, m: Array, v: Array, t: Array, beta_1: float, beta_2: float) -> None:
    """Running means of g and of its square."""
    np.subtract(g, m, out=t)
    np.multiply(t, 1 - beta_1, out=t)
    np.add(m, t, out=m)
    np.multiply(g, g, out=t)
    np.subtract(t, v, out=t)
    np.multiply(t, 1 - beta_2, out=t)
    np.add(v, t, out=v)


def descend(w: Array, m: Array, v: Array, t: Array, alpha: float, epsilon: float) -> None:
    """`w -= alpha * m / (sqrt(v) + epsilon)`"""
    np.sqrt(v, out=t)
    np.add(t, epsilon, out=t)
    np.divide(m, t, out=t)
    np.multiply(t, alpha, out=t)
    np.subtract(w, t, out=w)


def rmsprop(w: Array, g: Array, v: Array, t: Array, learning_rate: float, rho: float, epsilon: float) -> None:
    """`v = rho * v + (1 - rho) * g*g; w -= learning_rate * g / sqrt(v + epsilon)`"""
    decayed_mean_square(g, v, t, rho)
    np.add(v, epsilon, out=t)
    np.sqrt(t, out=t)
    np.divide(g, t, out=t)
    np.multiply(t, learning_rate, out=t)
    np.subtract(w, t, out=w)


def decayed_mean_square(g: Array, v: Array, t: Array, rho: float) -> None:
    """`v = rho * v + (1 - rho) * g*g`"""
    np.multiply(g, g, out=t)
    np.multiply(t, 1 - rho, out=t)
    np.multiply(v, rho, out=v)
    np.add(v, t, out=v)
