"""dtrain: Keras models in NumPy, trained by one process or by many under MPI.

The names are those of Keras 3: `dtrain.layers`, `dtrain.Model`, `dtrain.ops`, ... A script runs unchanged with
`python` and with `mpirun -n N python`.
"""

from .distributed import prepare as _prepare

# Under a launcher, the number of BLAS threads must be set before NumPy is loaded.
_prepare()

from .lazy import attach as _attach  # noqa: E402

__version__ = "0.1.0"

_NAMES = {
    **dict.fromkeys(
        (
            "activations", "backend", "callbacks", "config", "constraints", "datasets", "distributed", "dtype_policies",
            "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "preprocessing", "random",
            "regularizers", "saving", "tree", "utils",
        ),
        "",
    ),
    "DTypePolicy": "dtype_policies",
    "Function": "models.function",
    "GradientTape": "graph",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "KerasTensor": "graph.symbolic",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "Tensor": "graph",
    "Variable": "graph",
}  # fmt: skip
__getattr__, __dir__ = _attach(__name__, _NAMES)
__all__ = [*_NAMES, "__version__", "version"]


def version() -> str:
    """The version of dtrain."""
    return __version__
