"""Open a survey, and change what it says about itself."""

from typing import TypedDict, Unpack

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count

from webapp.archive.models import Membership, Role, Subject, Survey


class SurveySettings(TypedDict):
    """What an admin may change; the slug stays, since addresses and the pixel store carry it."""

    name: str
    description: str
    is_simulated: bool
    classes: list[str]
    positive: list[str]
    channels: list[str]
    pixel_scale: float | None
    observatory: str


@transaction.atomic
def open_survey(*, by: User, slug: str, **settings: Unpack[SurveySettings]) -> Survey:
    """Open a survey, and make who opened it its admin.

    Raises
    ------
    ValidationError
        By field; nothing is stored then.
    """
    survey = Survey(slug=slug, **settings)
    survey.full_clean()
    survey.save()
    Membership.objects.create(user=by, survey=survey, role=Role.ADMIN)
    return survey


@transaction.atomic
def change_survey(*, survey: Survey, **settings: Unpack[SurveySettings]) -> Survey:
    """Change a survey's settings; return it as it is now.

    Raises
    ------
    ValidationError
        By field; also where a class that subjects are known by would go, or change sides: what volunteers were told,
        and what models are judged by, would turn around without a trace. Nothing is stored then.
    """
    row = Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    classes, positive = set(row.classes), set(row.positive)
    for name, value in settings.items():
        setattr(row, name, value)
    row.full_clean()
    if (classes, positive) != (set(row.classes), set(row.positive)):
        _keep_what_is_known(row, classes, positive)
    row.save()
    return row


def _keep_what_is_known(survey: Survey, classes: set[str], positive: set[str]) -> None:
    known = Subject.objects.filter(survey=survey, gold_label__in=classes | set(survey.classes)).order_by("gold_label")
    for label, count in known.values_list("gold_label").annotate(Count("pk")):
        subjects = f"{count:,} subject{'s are' if count > 1 else ' is'} known as {label}"
        if label not in survey.classes:
            raise ValidationError({"classes": f"{subjects}, so the class has to stay."})
        if (label in positive) != (label in survey.positive):
            side = "real" if label in positive else "bogus"
            raise ValidationError({"positive": f"{subjects}, which is {side}. That would turn around; leave it so."})
