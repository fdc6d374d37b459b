"""The disks of the site's files: that of the data folder, and that of the pixels if they have one, or a bucket."""

import errno
import shutil
from dataclasses import dataclass
from pathlib import Path

import fsspec
import fsspec.config
from django.conf import settings


@dataclass(frozen=True)
class Disk:
    """Bytes free and in all."""

    free: int
    total: int

    @property
    def is_nearly_full(self) -> bool:
        """Return whether less is free than either limit: what one job may need, and what may fill within some days."""
        return self.free < max(settings.MIN_FREE, self.total * settings.MIN_FREE_PERCENT / 100)


def data_disk() -> Disk:
    return _disk_of(settings.DATA)


def has_room_for(size: int) -> bool:
    """Return whether this many more bytes in the data folder leave room for what jobs may need."""
    return data_disk().free - size >= settings.MIN_FREE


def pixel_disk() -> Disk | None:
    """Return the disk of PIXELS; None if that is the data folder's, or PIXELS is a bucket or does not exist yet."""
    folder = Path(settings.PIXELS)
    if not folder.is_dir() or folder.stat().st_dev == Path(settings.DATA).stat().st_dev:
        return None
    return _disk_of(folder)


def _disk_of(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(usage.free, usage.total)


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether a full disk raised the error, or the one that it follows from."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return error is not None and is_disk_full(error.__cause__)


NO_ANSWER = frozenset({"ConnectionError", "HTTPClientError"})
"""The families of botocore's errors where a server does not answer, or breaks off."""


def is_bucket_away(error: BaseException | None) -> bool:
    """Return whether the server of a bucket did not answer: that raised the error, or the one that it follows from."""
    kinds = [kind for kind in type(error).__mro__ if kind.__module__.startswith("botocore.")]
    if NO_ANSWER & {kind.__name__ for kind in kinds}:
        return True
    return error is not None and is_bucket_away(error.__cause__ or error.__context__)


def is_of_storage(error: BaseException) -> bool:
    """Return whether a disk or the client of a bucket raised the error."""
    return isinstance(error, OSError) or any(kind.__module__.startswith("botocore.") for kind in type(error).__mro__)


def give_up_on_bucket_soon() -> None:
    """Let this process wait for a bucket for about ten seconds, as a page should; a job is more patient."""
    if settings.PIXELS.startswith("s3:"):
        s3 = fsspec.get_filesystem_class("s3")
        s3.connect_timeout, s3.read_timeout, s3.retries = 3, 5, 2
        fsspec.config.conf.setdefault("s3", {})["config_kwargs"] = {"retries": {"total_max_attempts": 1}}
