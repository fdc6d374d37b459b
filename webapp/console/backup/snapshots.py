"""Take, verify and restore backups of a whole site.

The database's moment comes first and the files after it: pixels, checkpoints and uploads are written before the rows
that name them, and retention waits for the backup, so that it has every file that its rows need.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from webapp.console.backup import database
from webapp.console.backup.pixel_objects import copy_objects, list_objects, put_back
from webapp.console.backup.repository import Damaged, Manifest, Removed, Repository, StoredFile, sha256_of
from webapp.core.backup_lock import files_stay
from webapp.core.models import Backup, Heartbeat
from webapp.core.partial_files import delete_if_left, is_partial

LEFT_OUT = frozenset({"postgres", "broker", "static", "log", "beat", "temporary", "restarts", "remote", "site.lock"})
PIXELS = "pixels"
DUMP = "database.dump"
TEMPORARY = "wanderers-backup-"
NAME = "%Y%m%dT%H%M%S.%fZ"
"""The name of a backup: when it began, UTC."""


@dataclass(frozen=True)
class Snapshot:
    """What a backup did."""

    manifest: Manifest
    added: int
    vanished: tuple[str, ...]


def take_snapshot(address: str, say: Callable[[str], None], *, with_pixels: bool = True) -> Snapshot:
    """Back up the site while it runs; only content that the repository lacks is copied.

    Without `with_pixels`, objects with pixels in a bucket are recorded and not copied.
    """
    repository = Repository(address)
    with files_stay() as require_lock:
        for left in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
            delete_if_left(left)  # a backup that was killed has left the whole database there
        names = repository.names()
        before = repository.load(names[-1]) if names else None
        earlier = {file.path: file for file in before.files} if before else {}
        name = timezone.now().strftime(NAME)
        with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder, database.snapshot() as moment:
            path = Path(folder) / DUMP
            database.dump(path, moment)
            stored_dump, rows = repository.add(path, DUMP), moment.rows
        say(f"The database: {sum(rows.values()):,} rows.")
        files, vanished = _add_files(repository, earlier)
        objects = list_objects()
        if with_pixels:
            objects = copy_objects(repository, objects, before.objects if before else ())
        manifest = Manifest(name, _version(), stored_dump, rows, tuple(files), objects)
        require_lock()
        repository.save(manifest)
    Backup.objects.create(address=address, name=name, files=len(files), size=manifest.size)
    had = {stored.sha256 for stored in before.contents} if before else set()
    added = {stored.sha256 for stored in manifest.contents if stored is not stored_dump} - had
    return Snapshot(manifest, len(added), tuple(vanished))


def prune(address: str, keep: int) -> Removed:
    """Remove all backups but the newest `keep`, and what only they needed, while no backup is being taken."""
    repository = Repository(address)
    with files_stay():
        names = repository.names()[:-keep]
        removed = repository.remove(names)
    Backup.objects.filter(address=address, name__in=names).delete()
    return removed


def verify(address: str, name: str | None = None) -> Manifest:
    """Read a whole backup, by default the newest, and compare the hash of each file.

    Raises Damaged, naming the first file that is missing or has changed.
    """
    repository = Repository(address)
    manifest = repository.load(_chosen(repository, name))
    for stored in manifest.contents:
        repository.verify(stored)
    return manifest


def restore(address: str, name: str | None = None) -> Manifest:
    """Restore a backup, by default the newest.

    Every hash is checked before anything changes, and the rows of every table are counted after it.
    """
    _require_stopped()
    manifest = verify(address, name)
    repository = Repository(address)
    targets = [(file, _target(file)) for file in manifest.files]
    for file, target in targets:
        if not _same(target, file):
            repository.read(file, target)
    put_back(repository, manifest.objects)
    with tempfile.TemporaryDirectory(prefix="wanderers-restore-") as folder:
        path = Path(folder) / DUMP
        repository.read(manifest.dump, path)
        database.restore(path)
    rows = database.count_rows()
    wrong = [table for table, count in manifest.rows.items() if rows.get(table) != count]
    if wrong:
        raise CommandError(f"These tables have other numbers of rows than the backup: {', '.join(wrong)}.")
    _record(address, manifest)
    return manifest


def _record(address: str, manifest: Manifest) -> None:
    """Store the row of the restored backup: it was written after the backup's moment, so the dump lacks it."""
    of = {"address": address, "name": manifest.name}
    Backup.objects.get_or_create(**of, defaults={"files": len(manifest.files), "size": manifest.size})
    begun_at = datetime.strptime(manifest.name, NAME).replace(tzinfo=UTC)
    Backup.objects.filter(**of).update(finished_at=begun_at)


def _add_files(repository: Repository, earlier: dict[str, StoredFile]) -> tuple[list[StoredFile], list[str]]:
    files, vanished = [], []
    for path, source in _sources():
        try:
            files.append(repository.add(source, path, earlier.get(path)))
        except FileNotFoundError:
            vanished.append(path)
    return files, vanished


def _sources() -> Iterator[tuple[str, Path]]:
    """Yield each file of the data folder with its path in a backup; pixels in a bucket are no files."""
    data: Path = settings.DATA
    pixels = Path(settings.PIXELS)
    for top in sorted(data.iterdir()):
        if top.name not in LEFT_OUT and top != pixels:
            yield from ((str(path.relative_to(data)), path) for path in _files(top))
    if pixels.is_dir():
        yield from ((f"{PIXELS}/{path.relative_to(pixels)}", path) for path in _files(pixels))


def _files(top: Path) -> list[Path]:
    """Return the files in a folder, or the file itself; not what is still being written, whose row is yet to come."""
    found = [] if top.is_dir() else [top]
    for folder, folders, names in os.walk(top):  # goes on where a folder is deleted meanwhile
        folders[:] = [name for name in folders if not is_partial(name)]
        found += [Path(folder, name) for name in names]
    return sorted(path for path in found if path.is_file() and not path.is_symlink() and not is_partial(path.name))


def _target(file: StoredFile) -> Path:
    """Return where a file belongs.

    Raises Damaged if a forged manifest names a path outside.
    """
    top, _, rest = file.path.partition("/")
    base = Path(settings.PIXELS) if top == PIXELS and "://" not in settings.PIXELS else Path(settings.DATA)
    target = base / (rest if base == Path(settings.PIXELS) else file.path)
    if not target.resolve().is_relative_to(base.resolve()):
        raise Damaged(f"The backup names a path outside the data folder: {file.path}.")
    return target


def _same(target: Path, file: StoredFile) -> bool:
    """Return whether the file is in place already: its bytes too, since rot changes neither size nor time."""
    if not target.is_file():
        return False
    state = target.stat()
    return (state.st_size, state.st_mtime_ns) == (file.size, file.modified_ns) and sha256_of(target) == file.sha256


def _chosen(repository: Repository, name: str | None) -> str:
    names = repository.names()
    if not names:
        raise CommandError("There is no finished backup at this address.")
    if name is not None and name not in names:
        raise CommandError(f"There is no backup {name}. There are: {', '.join(names)}.")
    return name or names[-1]


def _require_stopped() -> None:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if Heartbeat._meta.db_table in tables and Heartbeat.objects.recent().exists():
        raise CommandError("The site is running. Stop it, wait a minute, and restore then.")


def _version() -> str:
    """Return the newest migration of each room, which tells what code wrote the backup."""
    applied = MigrationRecorder(connection).applied_migrations()
    newest = {app: max(name for room, name in applied if room == app) for app, _ in applied}
    return ", ".join(f"{app} {name}" for app, name in sorted(newest.items()))
