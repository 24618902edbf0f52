"""Messages to the user: printed by one process, or handed to Python's logging."""

from __future__ import annotations

import logging

from dtrain.config import is_interactive_logging_enabled

_logger = logging.getLogger("dtrain")


def print_msg(text: str) -> None:
    """Show a line: printed by rank 0, or logged at level INFO after `disable_interactive_logging()`."""
    from dtrain.distributed.console import is_main, say

    if is_interactive_logging_enabled():
        say(text)
    elif is_main():
        _logger.info(text.strip("\n"))
