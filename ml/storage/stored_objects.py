"""Size and version of the objects (files) of a Zarr store, by which a reader notices that one was replaced."""

from typing import Any

from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore

Version = tuple[Any, ...]

_MARKS = ("ETag", "LastModified", "created", "mtime", "size")


def version(store: LocalStore | FsspecStore, key: str) -> Version:
    """Return what changes whenever an object is replaced; an empty tuple for one that does not exist."""
    try:
        if isinstance(store, LocalStore):
            found = (store.root / key).stat()
            return found.st_ino, found.st_mtime_ns, found.st_size
        info = sync(store.fs._info(f"{store.path}/{key}"))
    except FileNotFoundError:
        return ()
    return tuple(str(info.get(name)) for name in _MARKS)


def stored_bytes(store: LocalStore | FsspecStore, key: str) -> int:
    """Return the size of an object, in bytes; 0 for one that does not exist."""
    try:
        return sync(store.getsize(key))
    except FileNotFoundError:
        return 0
