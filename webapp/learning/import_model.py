"""Import a model that was trained elsewhere: store its two files for a run that checks and evaluates it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.core.disks import has_room_for
from webapp.core.partial_files import whole_folder
from webapp.learning.model_roles import role_of
from webapp.learning.models import ModelRole, Preset, TrainingRun
from webapp.learning.retention import checkpoint_folder
from webapp.learning.triggers import start_training
from webapp.workflows.models import Workflow

MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"
"""The files of a checkpoint (`ml.inference.checkpoint`, which the web server can't import: it needs torch)."""

LARGEST_MANIFEST = 2**20  # bytes
LARGEST_HEADER = 4 * 2**20
"""Bytes of the list of tensors that weights begin with: a million empty tensors would take gigabytes to read."""


def imported_folder(run: TrainingRun) -> str:
    """Return where the files of an imported model are, below the data folder: no attempt has this number."""
    return checkpoint_folder(run, attempt=0)


@transaction.atomic
def import_model(
    *, workflow: Workflow, manifest: "File[bytes]", weights: "File[bytes]", by: User | None
) -> TrainingRun:
    """Store a checkpoint's files, and return the run that checks and evaluates it.

    Raises ValidationError by field: a file is too large for the site or its disk, or is not of a model for the
    workflow's kind of subjects.
    Raises AlreadyTraining if a run of the workflow is open. Nothing is stored.
    """
    _check_manifest(manifest, role_of(workflow))
    _check_weights(weights)
    if not has_room_for(manifest.size + weights.size):
        raise ValidationError(_("The site's disk has too little room for these files. Nothing was saved."))
    run = start_training(workflow=workflow, by=by, preset=Preset.IMPORTED)
    folder = Path(settings.DATA) / imported_folder(run)
    shutil.rmtree(folder, ignore_errors=True)  # a later run's that had this number before a backup was restored
    with whole_folder(folder) as partial:
        _write(partial / MANIFEST, manifest.chunks())
        _write(partial / WEIGHTS, weights.chunks())
    return run


def _check_manifest(manifest: "File[bytes]", role: ModelRole) -> None:
    if manifest.size > LARGEST_MANIFEST:
        raise ValidationError({"manifest": _too_large(LARGEST_MANIFEST >> 20)})
    try:
        described: Any = json.loads(manifest.read())
    except (ValueError, RecursionError):
        described = None
    if not isinstance(described, dict) or "role" not in described:
        message = _("This is not a model’s manifest.json, which training writes beside its weights.")
        raise ValidationError({"manifest": message})
    if described["role"] != role:
        message = _("This model’s role is “%(role)s”, but the workflow needs “%(wanted)s”.")
        roles = {"role": str(described["role"])[:30], "wanted": role}
        raise ValidationError({"manifest": message % roles})


def _check_weights(weights: "File[bytes]") -> None:
    if weights.size > settings.MAX_UPLOAD:
        raise ValidationError({"weights": _too_large(settings.MAX_UPLOAD >> 20)})
    header = int.from_bytes(weights.read(8), "little")
    if header > min(LARGEST_HEADER, weights.size - 8):
        raise ValidationError({"weights": _("This is not a model’s weights.safetensors, or it is damaged.")})


def _too_large(most: int) -> str:
    return _("This file is too large: the limit is %(most)d MB.") % {"most": most}


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(chunks)
