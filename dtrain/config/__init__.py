"""Settings of the whole library: default float type, epsilon, image layout, limits on epochs and steps."""

from typing import Any

from .limits import max_epochs, max_steps_per_epoch, set_max_epochs, set_max_steps_per_epoch
from .numeric import (
    dtype_policy_name,
    epsilon,
    floatx,
    image_data_format,
    set_dtype_policy,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    standardize_data_format,
)
from .output import (
    disable_interactive_logging,
    disable_traceback_filtering,
    enable_interactive_logging,
    enable_traceback_filtering,
    is_interactive_logging_enabled,
    is_traceback_filtering_enabled,
)

__all__ = [
    "backend",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "dtype_policy_name",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "standardize_data_format",
]


def backend() -> str:
    """`"numpy"`: what computes."""
    return "numpy"


def dtype_policy() -> Any:
    """The `DTypePolicy` of layers that are given no dtype: what was set, else `floatx()`."""
    from dtrain.dtype_policies import DTypePolicy

    return DTypePolicy()


def enable_unsafe_deserialization() -> None:
    """Let files bring Python code (lambdas) from now on. Only for files whose author you trust."""
    from dtrain.saving.serialization import enable_unsafe_deserialization as enable

    enable()
