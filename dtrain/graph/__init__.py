"""The engine: tensors, traces of ops, plans and their execution. It knows no op by name."""

from .context import StepContext
from .op import Op
from .parameters import Parameters
from .plan import Plan, make_plan
from .program import Arena, Program
from .spec import Array, Rows, Shape, Spec, broadcast_specs, join, promote
from .tape import GradientTape
from .tensor import Tensor
from .trace import Trace, apply, as_tensor, current_trace, draw_name, scope, tracing
from .variable import Variable

__all__ = [
    "Arena", "Array", "GradientTape", "Op", "Parameters", "Plan", "Program", "Rows", "Shape", "Spec", "StepContext",
    "Tensor", "Trace", "Variable", "apply", "as_tensor", "broadcast_specs", "current_trace", "draw_name",
    "join", "make_plan", "promote", "scope", "tracing",
]  # fmt: skip
