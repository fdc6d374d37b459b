"""Pixels in a bucket: a backup records its objects instead of copying them, and finds missing and changed ones."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import fsspec
from django.conf import settings
from django.core.management import CommandError

from webapp.console.backup.repository import StoredObject


@dataclass(frozen=True)
class Compared:
    """Recorded objects as the bucket has them now; the names of those that are missing, or have other bytes."""

    recorded: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.changed

    def __str__(self) -> str:
        if self.is_whole:
            return f"All {self.recorded:,} objects with pixels are in the bucket as they were."
        first = (*self.missing, *self.changed)[0]
        return (
            f"Of {self.recorded:,} objects with pixels, {len(self.missing):,} are missing in the bucket and"
            f" {len(self.changed):,} have changed since, such as {first}. Ingests and retention change them too;"
            " otherwise restore their versions in the bucket."
        )


def list_objects() -> tuple[StoredObject, ...]:
    """Return all objects of PIXELS with size and ETag, sorted; nothing if PIXELS is a folder, whose files are copied.

    Raises CommandError if the bucket cannot be read.
    """
    if "://" not in settings.PIXELS:
        return ()
    try:
        fs, root = fsspec.url_to_fs(settings.PIXELS)
        fs.invalidate_cache()
        found = fs.find(root, detail=True)
    except Exception as error:  # botocore's own: no credentials, no connection
        raise CommandError(f"The objects of {settings.PIXELS} cannot be listed: {error}") from error
    return tuple(_object(str(PurePosixPath(path).relative_to(root)), found[path]) for path in sorted(found))


def compare(recorded: tuple[StoredObject, ...]) -> Compared:
    """Compare a backup's objects with the bucket."""
    now = {each.path: each for each in list_objects()}
    missing = tuple(each.path for each in recorded if each.path not in now)
    changed = tuple(each.path for each in recorded if now.get(each.path, each) != each)
    return Compared(len(recorded), missing, changed)


def _object(path: str, info: dict[str, object]) -> StoredObject:
    """Return an object as fsspec describes it; stores spell the name of the hash in two ways."""
    return StoredObject(path, int(str(info["size"])), str(info.get("ETag") or info.get("etag") or "").strip('"'))
