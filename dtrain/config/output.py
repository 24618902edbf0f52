"""Whether progress is printed to the terminal, and whether tracebacks are shortened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Settings:
    interactive: bool = True
    filter_tracebacks: bool = True


_settings = _Settings()


def enable_interactive_logging() -> None:
    """Print progress and messages (the default)."""
    _settings.interactive = True


def disable_interactive_logging() -> None:
    """Hand progress and messages to Python's `logging` (logger "dtrain") instead of printing them."""
    _settings.interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages are printed."""
    return _settings.interactive


def enable_traceback_filtering() -> None:
    """Accepted for Keras's sake: dtrain's tracebacks are always whole."""
    _settings.filter_tracebacks = True


def disable_traceback_filtering() -> None:
    """Accepted for Keras's sake: dtrain's tracebacks are always whole."""
    _settings.filter_tracebacks = False


def is_traceback_filtering_enabled() -> bool:
    """What was last asked for; it changes nothing."""
    return _settings.filter_tracebacks
