"""The errors of this package."""


class LaunchError(RuntimeError):
    """The launcher and the MPI library that Python loads do not work together."""


class SharedMemoryError(RuntimeError):
    """The processes of a host cannot have memory in common."""


class DesyncError(RuntimeError):
    """Ranks differ in something that must be the same on all of them."""


class RankLost(RuntimeError):
    """A process of the job has died, and the collective call that it took part in has no result here.

    Other ranks may have one. Raised in elastic mode only, within `Communicator.uniform`, which handles it.
    """
