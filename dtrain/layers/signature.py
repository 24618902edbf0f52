"""What the `call` and `build` of a layer class ask for, read once per class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any


@dataclass(frozen=True)
class Signature:
    """What `call` takes (without self), and the parameters' names of `build`.

    `training_default`: what `training` is where nobody says. `owned_masks`: parameters `x_mask` that receive the mask
    of the parameter `x`. `by_keyword`: whether all arguments may be given by their names. `build_needs`: the names that
    `build` must be given.
    """

    names: tuple[str, ...]
    training: bool
    training_default: bool
    mask: bool
    owned_masks: tuple[tuple[str, str], ...]
    by_keyword: bool
    build_names: tuple[str, ...]
    build_needs: tuple[str, ...]

    def bind(self, layer: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments by position and by name for `call`: by name where that is possible."""
        if not self.by_keyword:
            return args, kwargs
        if len(args) > len(self.names):
            raise TypeError(f"{layer}: call takes {len(self.names)} argument(s). Received: {len(args)}")
        return (), self.by_name(args, kwargs)

    def by_name(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**dict(zip(self.names, args, strict=False)), **kwargs}


def _parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())[1:]


def _names(parameters: list[inspect.Parameter]) -> list[str]:
    return [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


@cache
def _read(call: Any, build: Any) -> Signature:
    parameters = _parameters(call)
    names = _names(parameters)
    owned = [(name, name.removesuffix("_mask")) for name in names if name.endswith("_mask")]
    return Signature(
        names=tuple(names),
        training="training" in names,
        training_default=any(p.name == "training" and p.default is True for p in parameters),
        mask="mask" in names,
        owned_masks=tuple((name, owner) for name, owner in owned if owner in names),
        by_keyword=not any(p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY) for p in parameters),
        build_names=tuple(_names(_parameters(build))),
        build_needs=tuple(_names([p for p in _parameters(build) if p.default is p.empty])),
    )


def signature_of(cls: Any) -> Signature:
    """The signature of a layer class."""
    return _read(cls.call, cls.build)


def mark_when_built(cls: type) -> None:
    """Let a layer class know that it is built after its `build`, whoever called it."""
    build: Callable[..., None] = vars(cls)["build"]

    @wraps(build)
    def built(self: Any, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        if self._build_shapes is None and (args or kwargs):
            self._build_shapes = args[0] if args else kwargs if len(kwargs) > 1 else next(iter(kwargs.values()))
        self.built = True

    setattr(cls, "build", built)  # noqa: B010 - a plain assignment is an error for mypy


def check_build_names(layer: Any, signature: Signature, shapes: dict[str, Any]) -> None:
    """Raise ValueError unless there is a shape for every parameter of a `build` of several inputs that needs one."""
    for name in signature.build_needs:
        if name not in shapes:
            raise ValueError(
                f"{type(layer).__name__}: the parameters of a `build` of several inputs must be named "
                f"`<parameter of call>_shape`, after inputs that the call gives. Received: {name!r}; the parameters of "
                f"call are {list(signature.names)}"
            )


def written_by_dtrain(method: Any) -> bool:
    """Whether a method of a layer is one of dtrain's own."""
    return str(method.__module__).startswith("dtrain.")
