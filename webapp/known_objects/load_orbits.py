"""Load a new version of the orbits of known objects: by command, or by a job when scheduled files have changed."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from ml.sky.comet_elements import read_comets
from ml.sky.mpcorb import Catalogue, read_mpcorb
from ml.sky.orbits import Orbits, concatenate
from webapp.core.backup_lock import may_delete_files
from webapp.core.stored_messages import Sentence
from webapp.known_objects.models import MatchRun, OrbitCatalogue, OrbitLoad, folder
from webapp.known_objects.scheduled_orbits import OrbitFiles

READING = Sentence(gettext_noop("Reading %(files)s."))
LOADED = Sentence(gettext_noop("%(orbits)s orbits of %(files)s are in use."))
TRUNCATED = Sentence(gettext_noop("%(files)s is incomplete or damaged: only the orbits before that point are used."))
NOTHING = Sentence(
    gettext_noop(
        "The setting ORBITS names no MPCORB.DAT, MPCORB.DAT.gz or CometEls.txt, nor a folder with one. The"
        " previous version stays in use."
    )
)
UNREADABLE = Sentence(gettext_noop("The orbits cannot be read (%(error)s). The previous version stays in use."))
DAMAGED = Sentence(
    gettext_noop("%(files)s is incomplete or damaged. The previous version stays in use. Fetch the file again.")
)
FEWER = Sentence(
    gettext_noop(
        "%(files)s has only %(new)s orbits, and %(old)s are in use, so it was not loaded. If that is right, load it"
        " with manage.py load_orbits."
    )
)
LEAST = 0.9  # of the orbits in use: catalogues grow, so far fewer mean that a file is incomplete
LEAST_BY_HAND = 0.5  # likewise, where somebody looks on
VERSIONS_KEPT = 3


class IncompleteOrbits(ValueError):
    """A file is truncated, or has far fewer orbits than are in use; the message says so."""


def load_orbits(asteroids: Path | None, comets: Path | None, *, accepts_incomplete: bool = False) -> OrbitCatalogue:
    """Check and copy the files, and make them the version in use; the same files twice are one version.

    If that is accepted, a truncated file is used as far as it goes, and the version says so.

    Raises
    ------
    IncompleteOrbits
        A file is truncated, or fewer than half as many orbits as are in use; the previous version stays in use.
    ValueError
        Neither file is given, or one holds no orbit.
    OSError
        A file cannot be read or copied.
    """
    files = OrbitFiles(asteroids, comets)
    read = _read(files)
    if not accepts_incomplete:
        _check_complete(read)
    return _stored(files, read)


def _check_complete(read: dict[Path, Catalogue]) -> None:
    if damaged := [path for path, each in read.items() if each.warning]:
        raise IncompleteOrbits(f"{_names(damaged)} is incomplete or damaged.")
    used, count = OrbitCatalogue.objects.first(), _count(read)
    if used and count < LEAST_BY_HAND * used.orbits:
        raise IncompleteOrbits(f"{_names([*read])} has only {count:,} orbits, and {used.orbits:,} are in use.")


def load_scheduled_orbits(job: OrbitLoad) -> None:
    """Load the files of the setting ORBITS; what is damaged, or far smaller, leaves the version before in use."""
    try:
        files = OrbitFiles.find()
        names = _names(files.paths)
        if not names:
            job.fail(NOTHING())
            return
        job.renew(fingerprint=files.fingerprint, message=READING(files=names))
        read = _read(files)
    except (ValueError, OSError) as error:
        job.fail(UNREADABLE(error=error))
        return
    used, count = OrbitCatalogue.objects.first(), _count(read)
    if damaged := [path for path, each in read.items() if each.warning]:
        job.fail(DAMAGED(files=_names(damaged)))
    elif used and count < LEAST * used.orbits:
        job.fail(FEWER(files=names, new=f"{count:,}", old=f"{used.orbits:,}"))
    else:
        catalogue = _stored(files, read)
        _drop_old_files()
        job.finish(catalogue=catalogue, message=LOADED(orbits=f"{count:,}", files=names))


def read_orbits(catalogue: OrbitCatalogue) -> Orbits:
    """Return all orbits of a version."""
    read: list[Catalogue] = []
    if catalogue.asteroids:
        read.append(read_mpcorb(catalogue.asteroid_file))
    if catalogue.comets:
        read.append(read_comets(catalogue.comet_file))
    return concatenate([each.orbits for each in read])


def _read(files: OrbitFiles) -> dict[Path, Catalogue]:
    read = {files.asteroids: read_mpcorb(files.asteroids)} if files.asteroids else {}
    read |= {files.comets: read_comets(files.comets)} if files.comets else {}
    if not read:
        raise ValueError("Name a file with orbits of asteroids or comets.")
    return read


def _count(read: dict[Path, Catalogue]) -> int:
    return sum(len(each.orbits) for each in read.values())


def _names(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _stored(files: OrbitFiles, read: dict[Path, Catalogue]) -> OrbitCatalogue:
    """Copy the files, and make them the version in use."""
    damaged = [path for path, each in read.items() if each.warning]
    row, is_new = OrbitCatalogue.objects.get_or_create(
        checksum=_copied(files),
        defaults={
            "asteroids": files.asteroids.name if files.asteroids else "",
            "comets": files.comets.name if files.comets else "",
            "orbits": _count(read),
            "bad_lines": sum(len(each.bad_lines) for each in read.values()),
            "warning": TRUNCATED(files=_names(damaged)) if damaged else "",
            "epoch": float(np.median(np.concatenate([each.orbits.epoch for each in read.values()]))),
        },
    )
    if not is_new and row != OrbitCatalogue.objects.first():
        OrbitCatalogue.objects.filter(pk=row.pk).update(loaded_at=timezone.now())
    return row


def _copied(files: OrbitFiles) -> str:
    """Copy the files into the data folder and return their checksum; the row follows, so it never lacks its files."""
    checksum = _checksum(files.paths)
    names = OrbitCatalogue(checksum=checksum)
    folder().mkdir(parents=True, exist_ok=True)
    for source, target in ((files.asteroids, names.asteroid_file), (files.comets, names.comet_file)):
        if source:
            part = target.with_suffix(f"{target.suffix}.part")
            shutil.copyfile(source, part)
            part.replace(target)
    return checksum


@transaction.atomic
def _drop_old_files() -> None:
    """Delete the files of old versions that no job waits to read; a day's asteroids are some 100 MB. Rows stay.

    While a backup copies them, that is left to the next load.
    """
    if not may_delete_files():
        return
    kept = {row.pk for row in OrbitCatalogue.objects.all()[:VERSIONS_KEPT]}
    kept |= set(MatchRun.objects.open().values_list("catalogue", flat=True))
    for row in OrbitCatalogue.objects.exclude(pk__in=kept):
        row.asteroid_file.unlink(missing_ok=True)
        row.comet_file.unlink(missing_ok=True)


def _checksum(paths: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()
