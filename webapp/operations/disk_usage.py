"""Disk usage of the data folder: how much is free, and what fills it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from webapp.core.cached_figures import cached_figure

FRESH_SECONDS = 600


@dataclass(frozen=True)
class DiskUsage:
    """Bytes free and in all on the data folder's disk, and in each of its folders, the largest first."""

    free: int
    total: int
    folders: tuple[tuple[str, int], ...]

    @property
    def is_nearly_full(self) -> bool:
        return self.free < settings.MIN_FREE


def disk_usage() -> DiskUsage:
    """Return the usage; the folders' sizes may be ten minutes old, since millions of files take a while."""
    disk = shutil.disk_usage(settings.DATA)
    return DiskUsage(disk.free, disk.total, cached_figure("disk-usage", _folders, FRESH_SECONDS))


def _folders() -> tuple[tuple[str, int], ...]:
    sizes = [(entry.name, _size(Path(entry.path))) for entry in os.scandir(settings.DATA) if entry.is_dir()]
    return tuple(sorted(sizes, key=lambda each: -each[1]))


def _size(folder: Path) -> int:
    return sum(_file_sizes(folder))


def _file_sizes(folder: Path) -> Iterator[int]:
    for path, _, names in os.walk(folder, onerror=lambda _: None):
        for name in names:
            try:
                yield os.lstat(os.path.join(path, name)).st_blocks * 512
            except FileNotFoundError:  # deleted meanwhile
                continue
