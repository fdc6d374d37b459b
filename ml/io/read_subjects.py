"""Read subjects from a manifest, alert packets, image files, or a folder of them."""

import os
from collections.abc import Iterator
from pathlib import Path

from ml.io.alerts.mapping_file import MAPPING, read_mapping
from ml.io.alerts.packet_map import PacketMap
from ml.io.alerts.read_packets import PACKETS, read_packets
from ml.io.frames import frames, take
from ml.io.hats import Catalogue
from ml.io.manifest import MANIFESTS, Skip, count_rows, manifest_of, read_manifest
from ml.io.manifest_tables import VOTABLE
from ml.io.open_pictures import SUFFIXES, open_picture
from ml.io.records import BadInput, SubjectRecord
from ml.io.safe_path import Files, Folder

READABLE = (*PACKETS, *SUFFIXES, ".csv", *VOTABLE)
"""File name endings of alert packets, images and manifests."""


def read_subjects(
    path: Path | Catalogue, kind: str | None = None, skip: Skip | None = None, files: Files | None = None
) -> Iterator[SubjectRecord | BadInput]:
    """Read all subjects at `path`, one at a time, in a stable order.

    Parameters
    ----------
    path
        A manifest (``.csv``, ``.vot``, ``.xml``), a HATS catalogue, a file of alert packets (``.avro``, ``.parquet``),
        an image file, or a folder. A folder with a manifest (`MANIFESTS`) is read through it; any other by its files,
        recursively, in the order of their names.
        A ``packets.yaml`` in the folder says what the fields of unknown packets mean.
    kind
        Kind of subjects without one.
    skip
        Subjects whose external id makes this true are skipped, before their pixels are read if possible.
    files
        Where the files are that a manifest names; None for its own folder, or the catalogue's root.

    Yields
    ------
    SubjectRecord or BadInput
        Unusable input is yielded as a `BadInput` with file, row and reason, and reading continues.

    Notes
    -----
    Nothing is raised for bad input. An image file's external id is its path within the folder.
    """
    if manifest := manifest_of(path):
        yield from read_manifest(manifest, kind, skip, files)
    elif isinstance(path, Path):
        yield from _files(path, kind, skip)


def read_or_refuse(path: Path, kind: str | None = None, skip: Skip | None = None) -> Iterator[SubjectRecord | BadInput]:
    """Read as `read_subjects` does; raise BadInput if it is not there, or its manifest as a whole cannot be read."""
    for number, item in enumerate(read_subjects(path, kind, skip)):
        if number == 0 and isinstance(item, BadInput) and item.row is None and _is_whole(path):
            raise item
        yield item


def _is_whole(path: Path) -> bool:
    """Return whether what is wrong with the path, and not with a row, is wrong with all of it."""
    return not path.exists() or manifest_of(path) is not None


def _files(path: Path, kind: str | None, skip: Skip | None) -> Iterator[SubjectRecord | BadInput]:
    if not path.exists():
        yield BadInput("is not there. Check the path.", file=str(path))
        return
    empty = True
    root = path if path.is_dir() else path.parent
    folder = Folder(root)
    try:
        mapping = read_mapping(folder.file(MAPPING)) if (root / MAPPING).exists() else None
    except BadInput as bad:
        yield bad.at(file=MAPPING)
        return
    for name in _names(path):
        empty = False
        yield from _file(folder, name, kind, skip, mapping)
    if empty:
        yield BadInput(
            "holds no %(manifest)s and no file that can be read (%(endings)s).",
            manifest=MANIFESTS[0],
            endings=", ".join([*PACKETS, *SUFFIXES]),
            file=str(path),
        )


def count(path: Path | Catalogue) -> int | None:
    """Count the subjects at `path` for a progress bar, without opening images.

    Returns
    -------
    int or None
        The number of rows or files; None if unknown: `path` does not exist, or is one file of packets.
    """
    if manifest := manifest_of(path):
        return count_rows(manifest)
    if not isinstance(path, Path) or not path.exists() or (path.is_file() and path.name.lower().endswith(PACKETS)):
        return None
    return len(_names(path))


def _names(path: Path) -> list[str]:
    if path.is_file():
        return [path.name]
    found = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        below = Path(folder).relative_to(path)
        found += [(below / name).as_posix() for name in sorted(files) if name.lower().endswith((*PACKETS, *SUFFIXES))]
    return found


def _file(
    folder: Folder, name: str, kind: str | None, skip: Skip | None, mapping: PacketMap | None
) -> Iterator[SubjectRecord | BadInput]:
    try:
        path = folder.file(name)
    except BadInput as bad:
        yield bad.at(file=name)
        return
    if name.lower().endswith(PACKETS):
        for item in read_packets(path, skip, mapping):
            yield item.at(file=name) if isinstance(item, BadInput) else item
    elif skip is None or not skip(name):
        yield _image(path, name, kind)


def _image(path: Path, name: str, kind: str | None) -> SubjectRecord | BadInput:
    try:
        picture = open_picture(path)
        try:
            found, members = frames([take(picture, None)], kind)
        finally:
            picture.close()
    except BadInput as bad:
        return bad.at(file=name)
    return SubjectRecord(name, found, members, object_group=name, source=name, row=1)
