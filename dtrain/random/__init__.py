"""Random numbers as functions of keys: streams (`keys`), the global seed (`seed`) and Keras's functions of tensors."""

from dtrain.lazy import attach

_NAMES = {
    "SeedGenerator": "seed",
    **dict.fromkeys(
        (
            "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal",
            "uniform",
        ),
        "functions",
    ),
}  # fmt: skip
__getattr__, __dir__ = attach(__name__, _NAMES)
__all__ = [*_NAMES]
