"""Load a new version of the orbits of known objects."""

import hashlib
import shutil
from pathlib import Path

import numpy as np

from ml.sky.comet_elements import read_comets
from ml.sky.mpcorb import Catalogue, read_mpcorb
from ml.sky.orbits import Orbits, concatenate
from webapp.known_objects.models import OrbitCatalogue, folder


def load_orbits(asteroids: Path | None, comets: Path | None) -> tuple[OrbitCatalogue, list[str]]:
    """Check and copy the files, and make them a version; the same files twice are one version.

    Returns
    -------
    tuple
        The version, and a warning for each file that is incomplete.

    Raises
    ------
    ValueError
        Neither file is given, or one holds no orbit.
    OSError
        A file cannot be read or copied.
    """
    read = [*([read_mpcorb(asteroids)] if asteroids else []), *([read_comets(comets)] if comets else [])]
    if not read:
        raise ValueError("Name a file with orbits of asteroids or comets.")
    row, _ = OrbitCatalogue.objects.get_or_create(
        checksum=_stored(asteroids, comets),
        defaults={
            "asteroids": asteroids.name if asteroids else "",
            "comets": comets.name if comets else "",
            "orbits": sum(len(each.orbits) for each in read),
            "bad_lines": sum(len(each.bad_lines) for each in read),
            "epoch": float(np.median(np.concatenate([each.orbits.epoch for each in read]))),
        },
    )
    return row, [each.warning for each in read if each.warning]


def read_orbits(catalogue: OrbitCatalogue) -> Orbits:
    """Return all orbits of a version."""
    read: list[Catalogue] = []
    if catalogue.asteroids:
        read.append(read_mpcorb(catalogue.asteroid_file))
    if catalogue.comets:
        read.append(read_comets(catalogue.comet_file))
    return concatenate([each.orbits for each in read])


def _stored(asteroids: Path | None, comets: Path | None) -> str:
    """Copy the files into the data folder and return their checksum; the row follows, so it never lacks its files."""
    checksum = _checksum([path for path in (asteroids, comets) if path])
    names = OrbitCatalogue(checksum=checksum)
    folder().mkdir(parents=True, exist_ok=True)
    for source, target in ((asteroids, names.asteroid_file), (comets, names.comet_file)):
        if source:
            part = target.with_suffix(f"{target.suffix}.part")
            shutil.copyfile(source, part)
            part.replace(target)
    return checksum


def _checksum(paths: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()
