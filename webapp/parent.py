"""A process that ends with the one that started it, however that one ends."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere, do nothing.

    What was killed cannot end its children, and those would keep its port. Jobs that are cut off go on by their lease.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
