"""Keep the files that a manifest names within the manifest's own folder."""

import os
from functools import lru_cache
from pathlib import Path

from ml.pixels.record import BadInput


def inside(folder: Path, name: str) -> Path:
    """Return the file called `name` in `folder`.

    Raises
    ------
    BadInput
        `name` is an absolute path or an address, or leads out of `folder` by ``..`` or by a symbolic link. So a
        manifest from someone else cannot make the site read its own secrets.
    """
    if "://" in name:
        raise BadInput("is an address on the network. Download the file beside the manifest and name it there.")
    if "\0" in name or name.startswith(("/", "\\")) or os.path.isabs(name):
        raise BadInput("is not a path relative to the manifest's folder. Put the file there and name it from there.")
    base, parent = _real(str(folder)), _real(os.path.join(folder, os.path.dirname(name)))
    path = os.path.join(parent, os.path.basename(name))
    if os.path.islink(path):
        path = os.path.realpath(path)
    if not path.startswith(base.rstrip(os.sep) + os.sep):
        raise BadInput("lies outside the manifest's folder. Copy it into that folder and name it from there.")
    return Path(path)


@lru_cache(maxsize=1024)
def _real(folder: str) -> str:
    return os.path.realpath(folder)
