"""The folder from which a survey's admins may ingest without a shell: `inbox/<survey>/` below the data folder."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.archive.ingest.start import IngestRefused
from webapp.archive.models import Survey


def inbox(survey: Survey) -> Path:
    """Return the survey's folder, which no other survey's admins read; made if it is missing."""
    folder = Path(settings.DATA) / "inbox" / survey.slug
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def inbox_path(survey: Survey, name: str) -> Path:
    """Return what `name` means within the survey's inbox.

    Raises
    ------
    IngestRefused
        It leads out of the inbox (by ``..``, as an absolute path, or by a symbolic link), or is not there.
    """
    folder = inbox(survey).resolve()
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
