"""The functions of `keras.random`, which are ops."""

from dtrain.ops.distributions import beta, binomial, gamma, shuffle
from dtrain.ops.dropout import dropout
from dtrain.ops.random import categorical, normal, randint, truncated_normal, uniform

__all__ = [
    "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal",
    "uniform",
]  # fmt: skip
