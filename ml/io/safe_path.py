"""Restrict the files that a manifest names to the manifest's own folder."""

import os
import stat
from pathlib import Path
from typing import Protocol

from ml.io.message import Message
from ml.io.records import BadInput


class Files(Protocol):
    """Where the files are that a manifest names."""

    def file(self, name: str) -> Path:
        """Return the file of that name; raises BadInput with what is wrong with it."""
        ...


class Folder:
    """A folder that files are read from, and nothing outside it.

    So a manifest from a stranger cannot make the site read its own secrets.

    Parameters
    ----------
    path
        The folder. Its symbolic links are resolved once, so use an instance for one reading only.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._base = os.path.realpath(path).rstrip(os.sep) + os.sep
        self._real: dict[str, str] = {}

    def file(self, name: str) -> Path:
        """Return the file `name` in the folder or below it.

        Raises BadInput: `name` is an absolute path or an address, leads out of the folder by ``..`` or by a symbolic
        link, or is no ordinary file.
        """
        if "://" in name:
            raise BadInput("is an address on the network. Download the file beside the manifest and name it there.")
        if "\0" in name or name.startswith(("/", "\\")) or os.path.isabs(name):
            raise BadInput("is not a path within the manifest's folder. Put the file there, and name it from there.")
        path = self._resolved(name)
        if not path.startswith(self._base):
            raise BadInput("lies outside the manifest's folder. Copy it into that folder and name it from there.")
        _check_ordinary(path)
        return Path(path)

    def _resolved(self, name: str) -> str:
        parent = os.path.dirname(name)
        if parent not in self._real:  # thousands of rows share a folder
            self._real[parent] = os.path.realpath(os.path.join(self.path, parent))
        path = os.path.join(self._real[parent], os.path.basename(name))
        return os.path.realpath(path) if os.path.islink(path) else path


def _check_ordinary(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise BadInput("is not there. Check the name; it is taken relative to the manifest's folder.") from error
    except (OSError, ValueError) as error:
        raise BadInput("cannot be opened (%(error)s).", error=error) from error
    if not stat.S_ISREG(mode):
        what = Message("a folder") if stat.S_ISDIR(mode) else Message("a device or pipe")
        raise BadInput("is %(what)s, where an ordinary file is needed.", what=what)
