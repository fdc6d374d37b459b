"""Register external scorers, and start the runs that evaluate them."""

from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from webapp.core.stored_messages import in_words
from webapp.learning.models import ExternalScorer, Preset, TrainingRun
from webapp.learning.scorer_client import ExternalScorerFailed, check_address
from webapp.learning.triggers import start_training
from webapp.workflows.models import Workflow


@transaction.atomic
def register_scorer(*, workflow: Workflow, name: str, address: str, secret: str, by: User | None) -> TrainingRun:
    """Register a scorer, or change one of that name, and return the run that evaluates it.

    Raises
    ------
    ValidationError
        By field; nothing is stored.
    AlreadyTraining
        A run of the workflow is open; nothing is stored.
    """
    try:
        check_address(address)
    except ExternalScorerFailed as error:
        raise ValidationError({"address": in_words(error.args[0])}) from error
    scorer = ExternalScorer.objects.filter(workflow=workflow, name=name).first()
    scorer = scorer or ExternalScorer(workflow=workflow, name=name)
    scorer.address, scorer.secret, scorer.registered_by = address, secret, by
    scorer.full_clean()
    scorer.save()
    return evaluate_scorer(scorer, by=by)


def evaluate_scorer(scorer: ExternalScorer, *, by: User | None) -> TrainingRun:
    """Start a run that evaluates what the scorer answers today, as a model of its own.

    Raises AlreadyTraining if a run of the workflow is open.
    """
    return start_training(workflow=scorer.workflow, by=by, preset=Preset.EXTERNAL, scorer=scorer)


def place_of(scorer: ExternalScorer) -> str:
    """Return host and path of a scorer's address, without a query, which may contain a key."""
    parts = urlsplit(scorer.address)
    return f"{parts.hostname}{parts.path}"
