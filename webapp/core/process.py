"""Child processes: end with their parent, and keep log files small by rotation."""

import ctypes
import shutil
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere, do nothing.

    What was killed cannot end its children, and those would keep its port. Jobs that are cut off go on by their lease.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


LARGEST = 10 * 2**20
KEPT = 3


def shorten(log: Path, largest: int = LARGEST) -> None:
    """Move what a log holds to `<name>.1`, once it is large; older ones move on, and the oldest goes.

    The file itself stays, since a process writes to its end; so what is printed while it is copied may be lost.
    """
    if not log.is_file() or log.stat().st_size < largest:
        return
    for age in range(KEPT, 1, -1):
        older = _aged(log, age - 1)
        if older.exists():
            older.replace(_aged(log, age))
    shutil.copy(log, _aged(log, 1))
    with log.open("r+b") as file:
        file.truncate()


def _aged(log: Path, age: int) -> Path:
    return log.with_name(f"{log.name}.{age}")
