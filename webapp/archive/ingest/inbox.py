"""The folder from which people without a shell may ingest: `inbox/` below the data folder."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.archive.ingest.start import IngestRefused


def inbox() -> Path:
    """Return the folder; made if it is missing."""
    folder = Path(settings.DATA) / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def inbox_path(name: str) -> Path:
    """Return what `name` means within the inbox.

    Raises
    ------
    IngestRefused
        It leads out of the inbox (by ``..``, as an absolute path, or by a symbolic link), or is not there.
    """
    folder = inbox().resolve()
    if not name.strip() or "\0" in name:
        raise IngestRefused(_("Name a file or folder in the inbox."))
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        said = _("%(name)s lies outside the inbox. Copy it into %(inbox)s and name it from there.")
        raise IngestRefused(said % {"name": name, "inbox": folder})
    if not path.exists():
        said = _("%(name)s is not in the inbox. Copy it into %(inbox)s first.")
        raise IngestRefused(said % {"name": name, "inbox": folder})
    return path
