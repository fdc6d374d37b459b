"""A backup repository: files stored once by their hash, and one JSON manifest a backup.

It is a folder, or any address that fsspec knows, such as s3://bucket/backups.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from stat import S_IMODE
from typing import Any, TypeVar

import fsspec
from django.core.management import CommandError
from fsspec.implementations.local import LocalFileSystem

from ml.io.message import reason_of
from webapp.core.disks import is_of_storage

BLOCK = 2**20
TRIES = 3
LARGEST = 2**63
"""What no size and no time of a file reaches."""
SHA256 = re.compile(r"[0-9a-f]{64}")


class Damaged(Exception):
    """A repository lacks something, or its content has changed; the message says what."""


@contextmanager
def told_of_storage() -> Iterator[None]:
    """Raise CommandError, with the reason alone, where a disk or a bucket refuses what is done in this context."""
    try:
        yield
    except Exception as error:
        if not is_of_storage(error):
            raise
        raise CommandError(f"{reason_of(error)}. Mend that, and run the same command again.") from error


@dataclass(frozen=True)
class StoredFile:
    """A file of a backup: its path in the data folder, size in bytes, time of change, permissions and SHA-256."""

    path: str
    size: int
    modified_ns: int
    mode: int
    sha256: str


@dataclass(frozen=True)
class StoredObject:
    """An object of the bucket with pixels: its path below PIXELS, size in bytes, ETag, and SHA-256 if it is copied."""

    path: str
    size: int
    etag: str
    sha256: str = ""


@dataclass(frozen=True)
class Manifest:
    """A finished backup: its name (a UTC time), the database's dump, its rows by table, files, and pixel objects."""

    name: str
    version: str
    dump: StoredFile
    rows: dict[str, int]
    files: tuple[StoredFile, ...]
    objects: tuple[StoredObject, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of what is copied."""
        return sum(stored.size for stored in self.contents)

    @property
    def uncopied(self) -> tuple[StoredObject, ...]:
        """Objects that only the bucket has."""
        return tuple(each for each in self.objects if not each.sha256)

    @property
    def contents(self) -> "tuple[Stored, ...]":
        """Everything that is copied."""
        return (self.dump, *self.files, *(each for each in self.objects if each.sha256))

    @classmethod
    def load(cls, text: str | bytes, name: str = "") -> "Manifest":
        """Read the manifest of a backup of this name; raises Damaged if it is none that we have written."""
        try:
            told: dict[str, Any] = json.loads(text)
            files = tuple(_checked(StoredFile(**file)) for file in told.pop("files"))
            objects = tuple(_checked(StoredObject(**each)) for each in told.pop("objects", ()))
            found = cls(dump=_checked(StoredFile(**told.pop("dump"))), files=files, objects=objects, **told)
            if not all(isinstance(rows, int) and isinstance(table, str) for table, rows in found.rows.items()):
                raise TypeError("its numbers of rows are none")
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise Damaged(f"The manifest of backup {name} cannot be read: {error}.") from error
        return found


Stored = StoredFile | StoredObject
AnyStored = TypeVar("AnyStored", StoredFile, StoredObject)


def _checked(stored: AnyStored) -> AnyStored:
    """Return what a manifest names; raises TypeError or ValueError if it is no file or object that can be."""
    for each in fields(stored):
        value = getattr(stored, each.name)
        if type(value) is not each.type:
            raise TypeError(f"{each.name} is {type(value).__name__}")
        if isinstance(value, int) and abs(value) >= LARGEST:
            raise ValueError(f"{each.name} is too large")
    if stored.size < 0 or not stored.path or "\0" in stored.path:
        raise ValueError("a file has no size or path")
    is_copied = isinstance(stored, StoredFile) or stored.sha256 != ""
    if is_copied and not SHA256.fullmatch(stored.sha256):
        raise ValueError("a file has no hash")
    if isinstance(stored, StoredObject) and (stored.path.startswith("/") or ".." in stored.path.split("/")):
        raise ValueError(f"{stored.path} lies outside the place of the pixels")
    if isinstance(stored, StoredFile) and not 0 <= stored.mode <= 0o7777:
        raise ValueError("a file has no permissions")
    return stored


@dataclass(frozen=True)
class Removed:
    """What was removed from a repository: backups, contents, and the contents' bytes."""

    backups: int
    contents: int
    size: int


class Repository:
    """A backup repository at an address; a new folder is readable by its owner only, since backups hold secrets."""

    def __init__(self, address: str) -> None:
        self.fs, self.root = fsspec.url_to_fs(address)

    def names(self) -> list[str]:
        """Return the names of all finished backups, the oldest first."""
        return sorted(Path(path).stem for path in self.fs.glob(f"{self.root}/backups/*.json"))

    def load(self, name: str) -> Manifest:
        """Return a backup's manifest. Raises Damaged if it cannot be read."""
        return Manifest.load(self.fs.cat_file(self._manifest(name)), name)

    def save(self, manifest: Manifest) -> None:
        """Store the manifest, which finishes the backup: whole, or not at all."""
        path = self._manifest(manifest.name)
        self._write(f"{path}.part", [json.dumps(asdict(manifest)).encode()])
        self.fs.mv(f"{path}.part", path)

    def remove(self, names: Iterable[str]) -> Removed:
        """Remove these backups, and all content that no other backup needs, also what a killed one has left.

        Their manifests go first: if this is killed, no backup lacks anything, and the next time removes the rest.
        Nothing may be added meanwhile. Raises Damaged, and removes nothing, if a manifest that stays cannot be read.
        """
        gone = set(names)
        staying = [self.load(name) for name in self.names() if name not in gone]
        needed = {stored.sha256 for manifest in staying for stored in manifest.contents}
        for name in sorted(gone):
            self.fs.rm_file(self._manifest(name))
        self.fs.invalidate_cache()
        found = self.fs.find(f"{self.root}/content", detail=True)
        unneeded = {path: info["size"] for path, info in found.items() if Path(path).name not in needed}
        if unneeded:
            self.fs.rm(list(unneeded))
        return Removed(len(gone), len(unneeded), sum(unneeded.values()))

    def add(self, source: Path, path: str, known: StoredFile | None = None) -> StoredFile:
        """Store a file if its content is new, and return how it was stored.

        Raises FileNotFoundError if the file has been deleted meanwhile. Raises Damaged if the file changes faster than
        it can be read.

        Parameters
        ----------
        source, path
            The file, and its path in the manifest.
        known
            The file of this path in the backup before; if size and time of change are the same, so is the content.
        """
        for _ in range(TRIES):
            state = source.stat()
            if known and (known.size, known.modified_ns) == (state.st_size, state.st_mtime_ns):
                file = known
            else:
                file = StoredFile(path, state.st_size, state.st_mtime_ns, S_IMODE(state.st_mode), sha256_of(source))
            if is_new := not self.has(file):
                self._write(self._content(file), _blocks(source))
            after = source.stat()
            if (after.st_size, after.st_mtime_ns) == (state.st_size, state.st_mtime_ns):
                return file
            if is_new:  # what was copied may have another hash
                self.fs.rm_file(self._content(file))
        raise Damaged(f"{path} keeps changing while it is copied. Try again later.")

    def read(self, file: Stored, target: Path) -> None:
        """Copy a stored file to `target`, which appears when it is complete and its hash is right."""
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.part")
        try:
            self._require(file)
            self.fs.get_file(self._content(file), str(partial))
            if sha256_of(partial) != file.sha256:
                raise Damaged(f"The backup's copy of {file.path} has changed: its hash is wrong.")
            if isinstance(file, StoredFile):
                partial.chmod(file.mode)
                os.utime(partial, ns=(file.modified_ns, file.modified_ns))
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def verify(self, file: Stored) -> None:
        """Check that a stored file is there and unchanged."""
        self._require(file)
        with self.fs.open(self._content(file), "rb") as stored:
            if _hash(iter(lambda: stored.read(BLOCK), b"")) != file.sha256:
                raise Damaged(f"The backup's copy of {file.path} has changed: its hash is wrong.")

    def _require(self, file: Stored) -> None:
        if not self.has(file):
            raise Damaged(f"The backup's copy of {file.path} is missing or incomplete.")

    def has(self, file: Stored) -> bool:
        """Return whether the content is stored whole: a backup that was killed may have left half a file."""
        try:
            return bool(self.fs.size(self._content(file)) == file.size)
        except FileNotFoundError:
            return False

    def _write(self, path: str, blocks: Iterable[bytes]) -> None:
        self._make_root()
        self.fs.makedirs(self.fs._parent(path), exist_ok=True)
        with self.fs.open(path, "wb") as stored:
            for block in blocks:
                stored.write(block)

    def _make_root(self) -> None:
        if isinstance(self.fs, LocalFileSystem):
            Path(self.root).mkdir(mode=0o700, parents=True, exist_ok=True)

    def _content(self, file: Stored) -> str:
        return f"{self.root}/content/{file.sha256[:2]}/{file.sha256}"

    def _manifest(self, name: str) -> str:
        return f"{self.root}/backups/{name}.json"


def sha256_of(path: Path) -> str:
    return _hash(_blocks(path))


def _blocks(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(BLOCK), b"")


def _hash(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
