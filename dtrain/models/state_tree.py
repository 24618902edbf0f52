"""All values of a model as nested dicts, by the paths of their variables; and steps on iterators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dtrain.graph import Variable

_FORMATS = ("backend_tensor", "numpy_array")


class StateTree:
    """The part of `Model` that hands out and takes its whole state, and single steps as functions."""

    train_function: Callable[[Iterator[Any]], Any] | None = None
    test_function: Callable[[Iterator[Any]], Any] | None = None
    predict_function: Callable[[Iterator[Any]], Any] | None = None

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, dict[str, Any]]:
        """Copies of the values of all variables: trainable ones, others, the optimizer's and the metrics'.

        Args:
            value_format: "backend_tensor" or "numpy_array": here, both are NumPy arrays.
        """
        if value_format not in _FORMATS:
            raise ValueError(f"get_state_tree: expected one of {', '.join(_FORMATS)}. Received: {value_format=}")
        return {name: _nested(variables) for name, variables in self._variables_by_kind().items()}

    def set_state_tree(self, state_tree: dict[str, dict[str, Any]]) -> None:
        """Overwrite the variables that a tree as of `get_state_tree` names.

        Raises:
            ValueError: for a name that is not there.
        """
        kinds = self._variables_by_kind()
        for name, tree in state_tree.items():
            if name not in kinds:
                raise ValueError(f"set_state_tree: expected the keys {', '.join(kinds)}. Received: {name!r}")
            known = {_place(variable): variable for variable in kinds[name]}
            for path, value in _leaves(tree):
                if path not in known:
                    raise ValueError(f"set_state_tree: {name} has no variable {path!r}. Known: {', '.join(known)}")
                known[path].assign(value)

    def _variables_by_kind(self: Any) -> dict[str, list[Variable]]:
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if self.optimizer is None else list(self.optimizer.variables),
            "metrics_variables": [variable for metric in self.metrics for variable in metric.variables],
        }

    def make_train_function(self: Any, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """`train_function(iterator)`: one step on the next `(x, y)` or `(x, y, sample_weight)`; returns the logs."""

        def function(iterator: Iterator[Any]) -> Any:
            return self.train_on_batch(*next(iterator), return_dict=True)

        self.train_function = function
        return function

    def make_test_function(self: Any, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """`test_function(iterator)`: as `train_function`, without training."""

        def function(iterator: Iterator[Any]) -> Any:
            return self.test_on_batch(*next(iterator), return_dict=True)

        self.test_function = function
        return function

    def make_predict_function(self: Any, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """`predict_function(iterator)`: the outputs for the next `x` or `(x, ...)`."""

        def function(iterator: Iterator[Any]) -> Any:
            item = next(iterator)
            return self.predict_on_batch(item[0] if isinstance(item, tuple) else item)

        self.predict_function = function
        return function


def _place(variable: Variable) -> str:
    return str(variable.path or variable.name)


def _nested(variables: list[Variable]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for variable in variables:
        *folders, name = _place(variable).split("/")
        inner = tree
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[name] = variable.numpy()
    return tree


def _leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = f"{prefix}/{key}" if prefix else key
        if isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield path, value
