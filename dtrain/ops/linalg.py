"""Linear algebra, under the name that Keras gives it: `ops.linalg.inv` is `ops.inv`."""

# ruff: isort: skip_file
# fmt: off

from .decompositions import cholesky, eigh, lstsq, matrix_rank, pinv, qr, svd
from .numerics import norm
from .solving import cholesky_inverse, det, inv, logdet, slogdet, solve, solve_triangular

__all__ = [
    "cholesky", "cholesky_inverse", "det", "eigh", "inv", "logdet", "lstsq", "matrix_rank", "norm", "pinv", "qr",
    "slogdet", "solve", "solve_triangular", "svd",
]
