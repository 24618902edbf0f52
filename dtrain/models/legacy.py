"""Calls of models as Keras 1 and 2 spelled them, turned into those of today in one place.

`accept_legacy_calls` wraps methods of `Model`: a call whose arguments all exist today passes straight through;
otherwise old names are translated and one warning shows today's spelling.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from dtrain.graph import Array

_OF_CONSTRUCTOR = {"input": "inputs", "output": "outputs"}
_OF_FIT = {"nb_epoch": "epochs", "nb_val_samples": "validation_steps"}
_OF_GENERATORS = {
    **_OF_FIT, "generator": "x", "samples_per_epoch": "steps_per_epoch", "val_samples": "steps",
    "nb_worker": "", "max_q_size": "", "pickle_safe": "", "workers": "", "max_queue_size": "",
    "use_multiprocessing": "",
}  # fmt: skip
_SHOWN = 40  # characters of a value in a warning
Names = Mapping[str, str]


def accept_legacy_calls(cls: type) -> type:
    """Let the constructor and `fit` of a class take the arguments of Keras 1 as well, and give it their old methods."""
    accept_legacy_constructor(cls)
    for method, names in (("fit", {**_OF_FIT, "show_accuracy": ""}), ("evaluate", {"show_accuracy": ""})):
        setattr(cls, method, _translating(getattr(cls, method), method, names))
    new: Callable[..., Any] = vars(cls)["__new__"].__func__

    @functools.wraps(new)
    def make(kind: Any, *args: Any, **kwargs: Any) -> Any:
        return new(kind, *args, **_renamed(kwargs, _OF_CONSTRUCTOR))

    cls.__new__ = staticmethod(make)  # type: ignore[method-assign, assignment]
    for function in (fit_generator, evaluate_generator, predict_generator, predict_classes, predict_proba):
        setattr(cls, function.__name__, function)
    return cls


def accept_legacy_constructor(cls: type) -> type:
    """Let the constructor of a class of models take `input=` and `output=`."""
    setattr(cls, "__init__", _translating(vars(cls)["__init__"], "__init__", _OF_CONSTRUCTOR))  # noqa: B010
    return cls


def _translating(function: Callable[..., Any], method: str, names: Names) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs and not names.keys().isdisjoint(kwargs):
            shown = "Model" if method == "__init__" else f"model.{method}"
            old = [key for key in kwargs if key in names]
            kwargs = _renamed(kwargs, names)
            _warn(shown, old, kwargs, len(args))
        return function(self, *args, **kwargs)

    return wrapper


def _renamed(kwargs: dict[str, Any], names: Names) -> dict[str, Any]:
    """The arguments under today's names, without those that mean nothing any more."""
    return {names.get(key, key): value for key, value in kwargs.items() if names.get(key, key)}


def _as_today(method: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    result = _renamed(kwargs, _OF_GENERATORS)
    _warn(f"model.{method}", [f"{method}_generator"], result, 1)
    return result


def _warn(call: str, old: Iterable[str], kwargs: Mapping[str, Any], before: int) -> None:
    written = [*(["..."] if before else []), *(f"{key}={_shown(value)}" for key, value in kwargs.items())]
    warnings.warn(
        f"{call}: an older Keras's spelling ({', '.join(old)}). Write today: {call}({', '.join(written)})",
        UserWarning,
        stacklevel=3,
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN and "\n" not in text else "..."


def fit_generator(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
    """`fit` on a generator, as it was called in Keras 1 and 2."""
    kwargs = _positional(args, kwargs, ("steps_per_epoch", "epochs"))
    kwargs = _samples_to_steps(generator, kwargs)
    return self.fit(generator, **_as_today("fit", kwargs))


def evaluate_generator(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
    """`evaluate` on a generator, as it was called in Keras 1 and 2."""
    kwargs = _samples_to_steps(generator, _positional(args, kwargs, ("steps",)))
    return self.evaluate(generator, **_as_today("evaluate", kwargs))


def predict_generator(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
    """`predict` on a generator, as it was called in Keras 1 and 2."""
    kwargs = _samples_to_steps(generator, _positional(args, kwargs, ("steps",)))
    return self.predict(generator, **_as_today("predict", kwargs))


def predict_classes(self: Any, x: Any, batch_size: int = 32, verbose: int = 0) -> Array:
    """The number of the likeliest class for each row; of a single sigmoid output, whether it is above 0.5."""
    single = self.outputs[0].shape[-1] == 1
    today = "(model.predict(x) > 0.5).astype('int32')" if single else "model.predict(x).argmax(axis=-1)"
    warnings.warn(f"predict_classes: an older Keras's spelling. Write today: {today}", UserWarning, stacklevel=2)
    outputs: Array = self.predict(x, batch_size=batch_size, verbose=verbose)
    return (outputs > 0.5).astype(np.int32) if single else outputs.argmax(axis=-1)


def predict_proba(self: Any, x: Any, batch_size: int = 32, verbose: int = 0) -> Array:
    """`predict`."""
    warnings.warn("predict_proba: an older Keras's spelling. Write today: model.predict(x)", UserWarning, stacklevel=2)
    outputs: Array = self.predict(x, batch_size=batch_size, verbose=verbose)
    return outputs


def _positional(args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments by their names."""
    if len(args) > len(names):
        raise TypeError(
            f"Give all arguments after {', '.join(names)} by their names. Received: {len(args)} by position"
        )
    return {**dict(zip(names, args, strict=False)), **kwargs}


def _samples_to_steps(generator: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keras 1 counted rows where today steps are counted.

    Raises:
        ValueError: when the generator does not say how many rows it gives at once.
    """
    rows = getattr(generator, "batch_size", None)
    result = dict(kwargs)
    for name in ("samples_per_epoch", "val_samples", "nb_val_samples"):
        if name not in result:
            continue
        if rows is None:
            raise ValueError(
                f"{name} counts rows, and the generator has no `batch_size` that says how many make a step: "
                f"give {_OF_GENERATORS[name]} instead"
            )
        result[name] = -(-int(result[name]) // int(rows))
    return result
