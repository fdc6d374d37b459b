"""Create an ingest run; paths must lie in the survey's inbox."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from ml.io.manifest import MANIFESTS, manifest_of
from webapp.archive.ingest.remote_files import is_address, is_allowed
from webapp.archive.models import SET_NAME_LENGTH, IngestRun, Kind, Survey


class IngestRefused(ValueError):
    """An ingest that cannot start; the message says why."""


def new_run(
    *,
    survey: Survey,
    path: Path | str,
    by: User | None,
    root: str = "",
    kind: str = "",
    subject_set: str = "",
    dry_run: bool = False,
) -> IngestRun:
    """Create the row of an ingest, unclaimed.

    Raises IngestRefused: with a message that says what is wrong.

    Parameters
    ----------
    survey, path
        The path to read, and its survey; or the address of a HATS catalogue. Callers on the web take it from
        `inbox_path`.
    by
        The user; None for the command line.
    root
        Address of the remote archive that holds the manifest's files; empty if they lie beside it.
    kind
        Kind of subjects without one; empty to infer it from their shape.
    subject_set
        Name of the set for the new subjects; empty for the name of the file or folder.
    dry_run
        Read and count only.
    """
    path = path if is_address(str(path)) else Path(path).absolute()
    _check_path(path)
    if kind and kind not in Kind.values:
        message = _("“%(kind)s” is not a kind of subject. Kinds are %(kinds)s.")
        raise IngestRefused(message % {"kind": kind, "kinds": ", ".join(Kind.values)})
    _check_root(root, path)
    name = subject_set.strip() or _name_of(Path(path))
    if len(name) > SET_NAME_LENGTH or "\0" in name:
        message = _("The name of a subject set has at most %(most)d characters. Choose a shorter one.")
        raise IngestRefused(message % {"most": SET_NAME_LENGTH})
    return IngestRun.objects.create(
        survey=survey, path=str(path), root=root, kind=kind, subject_set=name, dry_run=dry_run, requested_by=by
    )


def _check_path(path: Path | str) -> None:
    if isinstance(path, str):
        _check_allowed(path)
    elif not path.exists():
        raise IngestRefused(_("%(path)s is not there. Check the path.") % {"path": path})


def _check_allowed(address: str) -> None:
    if not is_allowed(address):
        message = _("%(root)s is not in the setting REMOTE_ARCHIVES. Ask who runs the site to allow it.")
        raise IngestRefused(message % {"root": address})


def _check_root(root: str, path: Path | str) -> None:
    if root:
        _check_allowed(root)
    if root and isinstance(path, Path) and manifest_of(path) is None:
        raise IngestRefused(_("Only a manifest's files can be fetched. Choose a manifest, or no archive."))


@transaction.atomic
def start_ingest(**asked: Any) -> IngestRun:
    """Create the row of an ingest and dispatch it; parameters and errors as in `new_run`."""
    run = new_run(**asked)
    run.enqueue()
    return run


def _name_of(path: Path) -> str:
    named = path.parent if path.name in MANIFESTS else path
    return (named.name if named.is_dir() else named.stem)[:SET_NAME_LENGTH] or "everything"


def inbox(survey: Survey) -> Path:
    """Return the survey's inbox, private to its admins, creating it if needed."""
    folder = Path(settings.DATA) / "inbox" / survey.slug
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def inbox_path(survey: Survey, name: str) -> Path | str:
    """Resolve `name` within the survey's inbox; the address of a HATS catalogue stays as it is.

    Raises IngestRefused: it leads out of the inbox (by ``..``, as an absolute path, or by a symbolic link), or does not
    exist.
    """
    if is_address(name):
        return name
    folder = inbox(survey).resolve()
    if not name.strip() or "\0" in name:
        raise IngestRefused(_("Name a file or folder in the inbox."))
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        message = _("%(name)s lies outside the inbox. Copy it into %(inbox)s and name it from there.")
        raise IngestRefused(message % {"name": name, "inbox": folder})
    if not os.path.exists(path):  # Path.exists fails for a name that no disk can hold
        message = _("%(name)s is not in the inbox. Copy it into %(inbox)s first.")
        raise IngestRefused(message % {"name": name, "inbox": folder})
    return path
