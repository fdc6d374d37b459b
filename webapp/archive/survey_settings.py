"""Create surveys and change their settings; sizes of their subject sets."""

from typing import NotRequired, TypedDict, Unpack

from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.utils.translation import ngettext

from webapp.archive.models import Membership, Role, Subject, Survey


class SurveySettings(TypedDict):
    """What an admin may change; the slug stays, since addresses and the pixel store carry it."""

    name: str
    description: str
    is_simulated: bool
    classes: list[str]
    positive: list[str]
    channels: list[str]
    open_metadata: NotRequired[list[str]]
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
        if label not in survey.classes:
            raise ValidationError({"classes": _has_to_stay(label, count)})
        if (label in positive) != (label in survey.positive):
            raise ValidationError({"positive": _would_turn_around(label, count, is_real=label in positive)})


def _has_to_stay(label: str, count: int) -> str:
    message = ngettext(
        "%(count)s gold subject has class %(label)s, so you can't remove it.",
        "%(count)s gold subjects have class %(label)s, so you can't remove it.",
        count,
    )
    return message % {"count": intcomma(count), "label": label}


def _would_turn_around(label: str, count: int, *, is_real: bool) -> str:
    if is_real:
        message = ngettext(
            "%(count)s gold subject has class %(label)s, which is real. You can't make it bogus.",
            "%(count)s gold subjects have class %(label)s, which is real. You can't make it bogus.",
            count,
        )
    else:
        message = ngettext(
            "%(count)s gold subject has class %(label)s, which is bogus. You can't make it real.",
            "%(count)s gold subjects have class %(label)s, which is bogus. You can't make it real.",
            count,
        )
    return message % {"count": intcomma(count), "label": label}


def set_sizes(survey: Survey) -> dict[int, dict[str, int]]:
    """Return how many subjects of each kind a set holds, by the set's key; duplicates of others are not counted."""
    sizes: dict[int, dict[str, int]] = {}
    counted = Subject.objects.originals().filter(survey=survey).exclude(sets=None).values_list("sets", "kind")
    for subject_set, kind, count in counted.annotate(Count("pk")).order_by("sets", "kind"):
        sizes.setdefault(subject_set, {})[kind] = count
    return sizes
