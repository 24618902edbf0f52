"""Sums over all processes as an op, and the op that counts what every process holds only once."""

from __future__ import annotations

import numpy as np

from dtrain.graph import Array, Op, Spec, StepContext


class AllSum(Op):
    """y = sum of x over all processes; what each process holds of x is a part of the sum.

    The gradient of a value that every process holds whole is kept in parts, one in each process, that add up to it.
    So the gradient of a sum over processes is the sum of its output's gradient over processes.
    """

    collective = True
    in_place = ("x",)

    @staticmethod
    def spec(x: Spec) -> Spec:
        return x

    @staticmethod
    def forward(x: Array, y: Array, *, context: StepContext) -> None:
        if y is not x:
            np.copyto(y, x)
        context.all_sum(y)

    @staticmethod
    def dx(dy: Array, dx: Array, *, context: StepContext) -> None:
        if dx is not dy:
            np.copyto(dx, dy)
        context.all_sum(dx)


class Once(Op):
    """y = x on the first process and 0 on the others: makes a value that all hold whole a part of a sum over them."""

    @staticmethod
    def spec(x: Spec) -> Spec:
        return x

    @staticmethod
    def forward(x: Array, y: Array, *, context: StepContext) -> None:
        np.multiply(x, context.rank == 0, out=y)

    @staticmethod
    def dx(dy: Array, dx: Array, *, context: StepContext) -> None:
        np.multiply(dy, context.rank == 0, out=dx)
