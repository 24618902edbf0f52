"""What an op is: a shape rule, a forward pass and gradients, written side by side and read by their parameter names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from .context import StepContext
from .spec import Spec

Specs = dict[str, Spec]


@dataclass(frozen=True)
class Function:
    """A function of an op, read once: `arguments` name arrays, `keywords` name attributes of the call or `context`."""

    call: Callable[..., Any]
    arguments: tuple[str, ...]
    keywords: tuple[str, ...]

    def bind(self, attributes: dict[str, Any], context: StepContext | None = None) -> Callable[..., Any]:
        """The function with its keywords filled in, ready for its arrays."""
        known = {"context": context, **attributes}
        keywords = {name: known[name] for name in self.keywords if name in known}
        return partial(self.call, **keywords) if keywords else self.call


def _read(function: Callable[..., Any]) -> Function:
    parameters = inspect.signature(function).parameters.values()
    arguments = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
    return Function(function, arguments, tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY))


class Op:
    """Base of all ops. A subclass is never instantiated: it is a namespace of static functions.

    `spec(x, w, *, attr)` takes the operands' `Spec`s and returns that of the output, or a dict that names every
    output (listed in `outputs`) and every further buffer that the functions below ask for.

    `forward(x, w, y, *, attr)` overwrites its outputs. `dx(dy, w, dx)` overwrites the gradient of operand `x`;
    `backward(dy, x, w, dx, dw)` those of several operands at once, where one that nobody needs is None. The names of
    the parameters say what each function reads and writes, and so how long each buffer must live. A keyword-only
    parameter `context` receives the `StepContext`; all other keyword-only parameters are the attributes of the call.

    With `variadic`, the op has any number of operands: `spec`, `forward` and `backward` take one sequence `xs` (`dxs`).
    """

    operands: ClassVar[tuple[str, ...]] = ()
    """Names of the operands: the parameters of `spec`."""
    outputs: ClassVar[tuple[str, ...]] = ("y",)
    variadic: ClassVar[bool] = False
    view: ClassVar[bool] = False
    """The output is the first operand's memory in another shape; `forward` and gradients are not called."""
    collective: ClassVar[bool] = False
    """Adds over all processes: each function calls `context.all_sum` as its last act; alone, the op is a view."""
    in_place: ClassVar[tuple[str, ...]] = ()
    """Operands whose buffer the first output may overwrite, and whose gradient may overwrite that of the output."""

    spec: ClassVar[Callable[..., Spec | Specs]]
    spec_function: ClassVar[Function]
    forward_function: ClassVar[Function]
    gradients: ClassVar[tuple[tuple[Function, tuple[str, ...]], ...]] = ()

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "forward"):  # a base of several ops
            return
        cls.spec_function = _read(cls.spec)
        cls.forward_function = _read(cls.forward)
        cls.operands = cls.spec_function.arguments
        targets = tuple("d" + name for name in cls.operands)
        found = []
        for name in (*targets, "backward"):
            if not hasattr(cls, name):
                continue
            function = _read(getattr(cls, name))
            found.append((function, tuple(a[1:] for a in function.arguments if a in targets)))
        cls.gradients = tuple(found)

    @classmethod
    def specs(cls, inputs: tuple[Spec, ...], attributes: dict[str, Any]) -> Specs:
        """The specs of all outputs and buffers of one call."""
        rule = cls.spec_function.bind(attributes)
        result = rule(inputs) if cls.variadic else rule(*inputs)
        return {cls.outputs[0]: result} if isinstance(result, Spec) else result

    @classmethod
    def differentiable(cls, operand: int) -> bool:
        """Whether the op has a gradient for its operand number `operand`."""
        name = cls.operands[0 if cls.variadic else operand]
        return cls.view or any(name in names for _, names in cls.gradients)
