"""Pixels in a bucket: a backup copies new and changed objects, or only records all; a restore puts them back."""

import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from django.conf import settings
from django.core.management import CommandError

from webapp.console.backup.repository import TRIES, Damaged, Repository, StoredObject

AT_ONCE = 8
"""Objects that are on their way at a time."""


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


def copy_objects(
    repository: Repository, objects: Iterable[StoredObject], earlier: Iterable[StoredObject]
) -> tuple[StoredObject, ...]:
    """Copy the objects that the backup before has not, and return all with their hashes.

    One that is rewritten meanwhile is copied again; its rows are older, as with the files of the data folder.
    """
    known = {(each.path, each.size, each.etag): each for each in earlier if each.sha256}
    pixels = _Pixels()

    def copied(each: StoredObject) -> StoredObject:
        before = known.get((each.path, each.size, each.etag))
        return before if before and repository.has(before) else pixels.copy(each, repository)

    return tuple(_together(copied, objects))


def put_back(repository: Repository, objects: Iterable[StoredObject]) -> int:
    """Put the copied objects back that PIXELS lacks or has otherwise; return how many those were."""
    there = {each.path: (each.size, each.etag) for each in list_objects()}
    gone = [each for each in objects if each.sha256 and there.get(each.path) != (each.size, each.etag)]
    pixels = _Pixels()
    return sum(1 for _ in _together(lambda each: pixels.put(each, repository), gone))


def compare(recorded: tuple[StoredObject, ...]) -> Compared:
    """Compare a backup's objects with the bucket."""
    now = {each.path: each for each in list_objects()}
    missing = tuple(each.path for each in recorded if each.path not in now)
    changed = tuple(each.path for each in recorded if now.get(each.path, each) != each)
    return Compared(len(recorded), missing, changed)


class _Pixels:
    """The place of the pixels: a bucket, or a folder where a site moves from one into the other."""

    def __init__(self) -> None:
        self.fs, self.root = fsspec.url_to_fs(settings.PIXELS)

    def copy(self, each: StoredObject, repository: Repository) -> StoredObject:
        """Copy an object as it is now; raises Damaged if it changes faster than it can be read."""
        path = f"{self.root}/{each.path}"
        for _ in range(TRIES):
            with tempfile.TemporaryDirectory(prefix="wanderers-object-") as folder:
                self.fs.get_file(path, f"{folder}/object")
                stored = repository.add(Path(folder) / "object", each.path)
            now = _object(each.path, self.fs.info(path, refresh=True))
            if now == each and stored.size == each.size:
                return replace(each, sha256=stored.sha256)
            each = now
        raise Damaged(f"{each.path} in {settings.PIXELS} keeps changing while it is copied. Try again later.")

    def put(self, each: StoredObject, repository: Repository) -> None:
        path = f"{self.root}/{each.path}"
        with tempfile.TemporaryDirectory(prefix="wanderers-object-") as folder:
            repository.read(each, Path(folder) / "object")
            self.fs.makedirs(self.fs._parent(path), exist_ok=True)
            self.fs.put_file(f"{folder}/object", path)


def _together(work: Any, objects: Iterable[StoredObject]) -> Iterator[Any]:
    """Yield the results of `work` in order, some at a time; of a million objects, few wait in memory."""
    left = iter(objects)
    with ThreadPoolExecutor(AT_ONCE, "pixels") as threads:
        while batch := list(islice(left, 8 * AT_ONCE)):
            yield from threads.map(work, batch)


def _object(path: str, info: dict[str, object]) -> StoredObject:
    """Return an object as fsspec describes it; stores spell the name of the hash in two ways."""
    return StoredObject(path, int(str(info["size"])), str(info.get("ETag") or info.get("etag") or "").strip('"'))
