"""A demonstration starts over: what an earlier one left is removed, and nothing else."""

import shutil
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from webapp.archive.models import Survey
from webapp.learning.models import Checkpoint, Evaluation, TestSet, TrainingRun, TrainingSet
from webapp.review.models import Ruling


@transaction.atomic
def forget_survey(slug: str) -> None:
    """Delete a survey with all that hangs on it: rows first, then its pixels."""
    survey = Survey.objects.filter(slug=slug).first()
    if survey is None:
        return
    # What others are protected by goes first.
    Ruling.objects.filter(subject__survey=survey).delete()
    Evaluation.objects.filter(checkpoint__survey=survey).delete()
    Checkpoint.objects.filter(survey=survey).delete()
    TrainingRun.objects.filter(survey=survey).delete()
    TrainingSet.objects.filter(workflow__survey=survey).delete()
    TestSet.objects.filter(survey=survey).delete()
    survey.delete()
    transaction.on_commit(lambda: _remove_pixels(slug))


def forget_simulated_volunteers() -> None:
    get_user_model().objects.filter(volunteer__is_simulated=True).delete()


def _remove_pixels(slug: str) -> None:
    folder = Path(settings.PIXELS) / slug
    if folder.is_dir():
        shutil.rmtree(folder)
