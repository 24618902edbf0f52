"""The base of all metrics: variables that collect what the batches add, and a result made from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dtrain.graph import Array, Variable, tracing
from dtrain.graph.nest import flatten
from dtrain.losses.loss import compute_dtype
from dtrain.utils.naming import auto_name


class Metric:
    """A number about the model's predictions, collected over batches.

    Args:
        dtype: dtype of the result (default: `config.floatx()`).
        name: in logs; made from the class name if None.

    Subclasses make variables (`add_variable`), change them in `update_state` with ops, and compute `result`. While a
    step is traced, `ops.sum` and `ops.mean` over the rows of a batch are those of the global batch, so that variables
    that are made of them hold the same on every process. The metrics of dtrain hold sums of their own process's rows
    instead (`parts`), so that a step needs no communication; the trainer adds them before it asks for results.
    """

    _direction: str | None = None
    """Whether more is better (`"up"`) or less (`"down"`); None: unknown."""

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = compute_dtype(dtype)
        self._added: list[tuple[Variable, Array]] = []

    @property
    def dtype(self) -> str:
        return self._dtype

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add what one batch tells to the variables."""
        raise NotImplementedError(f"{type(self).__name__} has no method `update_state(y_true, y_pred, ...)`: write one")

    def result(self) -> Any:
        """The metric of all batches since the last `reset_state`: a tensor, or a dict of tensors."""
        raise NotImplementedError(f"{type(self).__name__} has no method `result()`: write one")

    def reset_state(self) -> None:
        """Give all variables the values that they began with."""
        initial = {id(variable): value for variable, value in self._added}
        for variable in self._own_variables():
            variable.assign(initial.get(id(variable), np.zeros(variable.shape, variable.dtype)))
        for metric in self._inner_metrics():
            metric.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`update_state`, then `result`."""
        self.update_state(*args, **kwargs)
        return self.result()

    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this metric.

        `aggregation` is kept for scripts that give it; what `ops.sum` makes is the same on every process already.
        """
        from dtrain import initializers

        if "_added" not in vars(self):
            raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() before anything else")
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        start = initializers.get("zeros" if initializer is None else initializer)
        with tracing(None):
            variable = Variable(start, sizes, dtype or self.dtype, False, True, aggregation, "on_read", name)
        variable.path = f"{self.name}/{variable.name}"
        self._added.append((variable, variable.numpy()))
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """`add_variable` with the arguments in another order."""
        return self.add_variable(shape, initializer, dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The variables of this metric and of those that it holds as attributes."""
        inner = (v for metric in self._inner_metrics() for v in metric.variables)
        return list({id(v): v for v in (*self._own_variables(), *inner)}.values())

    @property
    def parts(self) -> list[Variable]:
        """The variables that hold this process's part of a sum over all processes."""
        return [v for metric in self._inner_metrics() for v in metric.parts]

    def _own_variables(self) -> list[Variable]:
        held = (leaf for leaf in self._held() if isinstance(leaf, Variable))
        return list({id(v): v for v in (*(v for v, _ in self._added), *held)}.values())

    def _inner_metrics(self) -> Iterator[Metric]:
        return (leaf for leaf in self._held() if isinstance(leaf, Metric))

    def _held(self) -> Iterator[Any]:
        """What the attributes hold, also within lists, tuples and dicts; long lists of numbers are not walked."""
        for value in vars(self).values():
            if not (isinstance(value, (list, tuple)) and value and isinstance(value[0], (int, float))):
                yield from flatten(value)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor as plain values. Subclasses add their own."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The metric that `get_config` describes, with variables as at the beginning."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
