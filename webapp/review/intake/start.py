"""Ask for an import."""

from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from webapp.review.intake.choices import Choices
from webapp.review.models import ClassificationImport
from webapp.volunteers.models import Workflow


def new_import(
    *, workflow: Workflow, path: Path, by: User | None, choices: Choices, is_upload: bool = False
) -> ClassificationImport:
    """Write the row of an import, which nobody works on yet; `by` is None for the command line."""
    return ClassificationImport.objects.create(
        workflow=workflow, path=str(path.absolute()), requested_by=by, options=choices.stored(), is_upload=is_upload
    )


@transaction.atomic
def start_import(
    *, workflow: Workflow, path: Path, by: User, choices: Choices, is_upload: bool = True
) -> ClassificationImport:
    """Write the row of an import and hand it to a worker."""
    job = new_import(workflow=workflow, path=path, by=by, choices=choices, is_upload=is_upload)
    job.enqueue()
    return job
