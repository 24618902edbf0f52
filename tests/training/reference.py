"""Training written out in plain NumPy, in float64: what `fit` must come to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class LinearRegression:
    """`x @ w + b` trained by gradient descent on the mean squared error, one global batch after the other."""

    w: Array
    b: Array
    rate: float
    epoch_losses: list[float] = field(default_factory=list)

    def predict(self, x: Array) -> Array:
        return x @ self.w + self.b

    def fit(self, x: Array, y: Array, batch_size: int, epochs: int = 1, weight: Array | None = None) -> None:
        weight = np.ones(len(x)) if weight is None else weight
        for _ in range(epochs):
            total = 0.0
            for start in range(0, len(x), batch_size):
                rows = slice(start, start + batch_size)
                total += self.step(x[rows], y[rows], weight[rows]) * len(x[rows])
            self.epoch_losses.append(total / len(x))

    def step(self, x: Array, y: Array, weight: Array) -> float:
        """One step; returns the loss: weighted errors, divided by the number of rows (not by the weights)."""
        error = self.predict(x) - y
        loss = float((weight * (error**2).mean(axis=1)).sum() / len(x))
        slope = 2 * weight[:, None] * error / (len(x) * y.shape[1])
        self.w = self.w - self.rate * x.T @ slope
        self.b = self.b - self.rate * slope.sum(axis=0)
        return loss
