"""Files and folders that are being written: named so until they are whole, left out of backups, and swept if left.

Whoever is killed while writing one leaves it behind; nobody reads it, and nothing else would ever delete it.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

PARTIAL = ".partial"
"""The end of the name, here and of `ml.io.whole_file` and Zarr."""

LEFT_SECONDS = 24 * 3600
"""After this time without a write, whoever wrote it is dead."""

NOT_OURS = frozenset({"postgres", "broker"})
"""Folders of the data folder that other programs keep."""


def is_partial(name: str) -> bool:
    """Return whether a file or folder is still being written, by its name."""
    return name.endswith((PARTIAL, ".part"))


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder to write into, which is moved to `folder` once all is written; an error removes it."""
    partial = folder.with_name(f".{folder.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def delete_left() -> None:
    """Delete what nobody has written to for a day: hidden in the data folder, and among the pixels."""
    for path in _partial():
        delete_if_left(path)


def delete_if_left(path: Path) -> None:
    """Delete a file or folder to which nobody has written for a day."""
    if _last_write(path) > time.time() - LEFT_SECONDS:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _partial() -> Iterator[Path]:
    """Yield partial files and folders; in the data folder only hidden ones, since people name files in an inbox."""
    data, pixels = Path(settings.DATA), Path(settings.PIXELS)
    for top, begins in ((data, "."), (pixels, "")):
        for folder, folders, files in os.walk(top):
            found = [name for name in (*folders, *files) if name.startswith(begins) and name.endswith(PARTIAL)]
            folders[:] = [name for name in folders if name not in found and Path(folder, name) not in _skipped(top)]
            yield from (Path(folder, name) for name in found)


def _skipped(top: Path) -> set[Path]:
    data = Path(settings.DATA)
    return {data / name for name in NOT_OURS} | ({Path(settings.PIXELS)} if top == data else set())


def _last_write(path: Path) -> float:
    """Return when something was last written, in seconds; now if it is gone."""
    inside = path.rglob("*") if path.is_dir() else ()
    try:
        return max(each.stat().st_mtime for each in (path, *inside))
    except FileNotFoundError:
        return time.time()
