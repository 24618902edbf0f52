"""Arguments as Keras 1 and 2 called them, turned into those of today in one place.

`accept_legacy_arguments` wraps the constructor of every layer of dtrain. A call whose arguments all exist today passes
straight through; otherwise old names are translated and one warning shows today's spelling.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any

_OF_EVERY_LAYER = {
    "activity_regularizer", "autocast", "batch_input_shape", "batch_size", "dtype", "input_dim", "input_length",
    "input_shape", "name", "trainable", "weights",
}  # fmt: skip
# Old names whose meaning depends on the layer; all others are translated as they are in files of Keras 1.
_OF_ONE_LAYER: dict[str, dict[str, str]] = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "UpSampling1D": {"length": "size"},
}
_NOTHING_ANY_MORE = {"consume_less", "implementation", "input_dtype", "lora_alpha", "lora_rank", "quantization_config"}

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def constructor_names(cls: type) -> tuple[str, ...]:
    """The parameters of a class's constructor, in order."""
    parameters = inspect.signature(cls).parameters.values()
    return tuple(p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))


def accept_legacy_arguments(cls: type) -> None:
    """Let the constructor of a layer class take the arguments of Keras 1 and 2 as well."""
    init: Callable[..., None] = vars(cls)["__init__"]
    names = constructor_names(cls)
    known = _OF_EVERY_LAYER.union(names)

    @functools.wraps(init)
    def constructor(self: Any, *args: Any, **kwargs: Any) -> None:
        if not kwargs.keys() <= known:
            args, kwargs = translate(cls.__name__, names, args, kwargs)
        init(self, *args, **kwargs)

    setattr(cls, "__init__", constructor)  # noqa: B010 - a plain assignment is an error for mypy


def translate(
    layer: str, names: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any], lengths_apart: bool = False
) -> Arguments:
    """The arguments of a call with old names as those of today; what no Keras knows stays as it is.

    Args:
        layer: class name.
        names: the constructor's parameters, in order.
        lengths_apart: whether integers after `filters` are the kernel's lengths even if all names are today's.
    """
    old = {key: value for key, value in kwargs.items() if key not in names and key not in _OF_EVERY_LAYER}
    new = _renamed(layer, old)
    if not new.keys() <= set(names):  # the constructor will say so
        return args, kwargs
    result = {key: value for key, value in kwargs.items() if key not in old} | new
    spelled = [key for key in old if key not in _NOTHING_ANY_MORE]
    if (spelled or lengths_apart) and "kernel_size" in names and "kernel_size" not in result:
        shorter, lengths = _kernel_lengths(names, args)
        spelled += ["one argument for each length of the kernel"] if lengths else []
        args, result = shorter, result | lengths
    if spelled:
        _warn(layer, spelled, names, args, result)
    return args, result


def _renamed(layer: str, old: dict[str, Any]) -> dict[str, Any]:
    from dtrain.saving.legacy.keras1 import from_keras1

    if old.get("mode") not in (None, 0):  # of BatchNormalization: other modes have no counterpart
        return old
    special = _OF_ONE_LAYER.get(layer, {})
    kept = {special.get(key, key): value for key, value in old.items() if key not in _NOTHING_ANY_MORE}
    return from_keras1(layer, kept)[1]


def _kernel_lengths(names: tuple[str, ...], args: tuple[Any, ...]) -> Arguments:
    """`(32, 3, 3)` of Keras 1 as `(32,)` and the `kernel_size` (3, 3); nothing else than integers is touched."""
    place = names.index("kernel_size")
    lengths = args[place:]
    if len(lengths) < 2 or not all(isinstance(n, int) for n in lengths):
        return args, {}
    return args[:place], {"kernel_size": tuple(lengths)}


def _warn(layer: str, old: list[str], names: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    written = [f"{key}={value!r}" for key, value in {**dict(zip(names, args, strict=False)), **kwargs}.items()]
    warnings.warn(
        f"{layer}: an older Keras's spelling ({', '.join(old)}). Write today: {layer}({', '.join(written)})",
        UserWarning,
        stacklevel=4,
    )


def unknown_arguments(cls: type, names: Iterable[str]) -> str:
    """The message for arguments that a layer does not have: those that look like them."""
    known = {name for base in cls.__mro__[:-1] for name in constructor_names(base)} | _OF_EVERY_LAYER
    near = [match for name in names for match in difflib.get_close_matches(name, sorted(known), n=1)]
    hint = f". Did you mean {' or '.join(near)}?" if near else ""
    return f"{cls.__name__}: unknown argument(s) {', '.join(sorted(names))}{hint}"
