"""The errors of this package."""


class LaunchError(RuntimeError):
    """The launcher and the MPI library that Python loads do not work together."""


class SharedMemoryError(RuntimeError):
    """The processes of a host cannot have memory in common."""


class DesyncError(RuntimeError):
    """Ranks differ in something that must be the same on all of them."""
