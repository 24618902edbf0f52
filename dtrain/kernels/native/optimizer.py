"""Update rules in one pass over values and state each, written out in `dtrain.kernels.numpy.optimizer`."""

from __future__ import annotations

from dtrain.kernels.numpy import optimizer as reference
from dtrain.kernels.numpy.optimizer import Array

from . import _native


def sgd(w: Array, g: Array, t: Array, learning_rate: float) -> None:
    if not _native.sgd(w, g, learning_rate):
        reference.sgd(w, g, t, learning_rate)


def sgd_momentum(w: Array, g: Array, m: Array, t: Array, learning_rate: float, momentum: float, nesterov: bool) -> None:
    if not _native.sgd_momentum(w, g, m, learning_rate, momentum, nesterov):
        reference.sgd_momentum(w, g, m, t, learning_rate, momentum, nesterov)


def adam(
    w: Array, g: Array, m: Array, v: Array, t: Array, alpha: float, beta_1: float, beta_2: float, epsilon: float
) -> None:
    if not _native.adam(w, g, m, v, None, alpha, beta_1, beta_2, epsilon):
        reference.adam(w, g, m, v, t, alpha, beta_1, beta_2, epsilon)


def adam_amsgrad(
    w: Array, g: Array, m: Array, v: Array, v_hat: Array, t: Array,
    alpha: float, beta_1: float, beta_2: float, epsilon: float,
) -> None:  # fmt: skip
    if not _native.adam(w, g, m, v, v_hat, alpha, beta_1, beta_2, epsilon):
        reference.adam_amsgrad(w, g, m, v, v_hat, t, alpha, beta_1, beta_2, epsilon)


def moments(g: Array, m: Array, v: Array, t: Array, beta_1: float, beta_2: float) -> None:
    if not _native.moments(g, m, v, beta_1, beta_2):
        reference.moments(g, m, v, t, beta_1, beta_2)


def descend(w: Array, m: Array, v: Array, t: Array, alpha: float, epsilon: float) -> None:
    if not _native.descend(w, m, v, alpha, epsilon):
        reference.descend(w, m, v, t, alpha, epsilon)


def rmsprop(w: Array, g: Array, v: Array, t: Array, learning_rate: float, rho: float, epsilon: float) -> None:
    if not _native.rmsprop(w, g, v, learning_rate, rho, epsilon):
        reference.rmsprop(w, g, v, t, learning_rate, rho, epsilon)


def decayed_mean_square(g: Array, v: Array, t: Array, rho: float) -> None:
    if not _native.mean_square(g, v, rho):
        reference.decayed_mean_square(g, v, t, rho)
