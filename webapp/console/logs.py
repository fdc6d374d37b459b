"""Logs that stay small: what the site's processes print goes to files that are begun anew when they are large."""

import shutil
from pathlib import Path

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
