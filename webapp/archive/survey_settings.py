"""Create surveys, change their settings and delete empty ones; sizes of their subject sets."""

from collections import Counter
from typing import Any

from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.archive.stored_rates import start_fit
from webapp.archive.target_leakage import leaky_columns
from webapp.core.fingerprint import ChangedMeanwhile, fingerprint

CONTENTS = ("subjects", "streams", "checkpoints", "reports", "comments", "guide_images")
"""The relations of what somebody would miss if the survey were deleted, or that has files of its own."""


@transaction.atomic
def open_survey(*, by: User, slug: str, **settings: Any) -> Survey:
    """Create a survey with these settings, by column, and its creator as admin.

    Raises ValidationError: by field; nothing is stored.
    """
    survey = Survey(slug=slug, **settings)
    survey.full_clean()
    try:
        with transaction.atomic():
            survey.save()
    except IntegrityError as error:  # somebody has created it meanwhile
        raise ValidationError({"slug": _("Another survey uses this URL slug. Choose another.")}) from error
    Membership.objects.create(user=by, survey=survey, role=Role.ADMIN)
    return survey


def is_empty(survey: Survey) -> bool:
    """Return whether nothing but settings, workflows and members would be lost with the survey, and no ingest waits."""
    return not survey.ingest_runs.open().exists() and not any(getattr(survey, name).exists() for name in CONTENTS)


@transaction.atomic
def delete_survey(survey: Survey) -> None:
    """Delete a survey that is empty, with its workflows and memberships; raises ValidationError: it is not empty."""
    row = Survey.objects.select_for_update().get(pk=survey.pk)
    if not is_empty(row):
        raise ValidationError(_("%(survey)s is no longer empty, so it was not deleted.") % {"survey": row})
    row.delete()


def change_survey(*, survey: Survey, seen: str = "", **settings: Any) -> Survey:
    """Change a survey's settings, by column, and return it; the slug stays, since URLs and the pixel store contain it.

    Raises ValidationError: by field; also if a class that is in use would be removed or change sides: what volunteers
    were told, and what models are evaluated on, would silently change. Raises ChangedMeanwhile: the columns no longer
    have the fingerprint `seen`. Nothing is stored. Without one, they are overwritten whatever they are.
    """
    return change_measured(survey=survey, leaky=leaky_columns(survey), seen=seen, **settings)


@transaction.atomic
def change_measured(*, survey: Survey, leaky: dict[str, float], seen: str = "", **settings: Any) -> Survey:
    """Do the same as `change_survey` with the leaky columns measured before: no setting changes what gold says."""
    row = Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    if seen and seen != fingerprint(row, settings):
        raise ChangedMeanwhile
    classes, positive, errors = set(row.classes), set(row.positive), row.usual_errors()
    for name, value in settings.items():
        setattr(row, name, value)
    row.full_clean()
    if (classes, positive) != (set(row.classes), set(row.positive)):
        _check_gold_labels(row, classes, positive)
    row.leaky_columns = leaky
    row.save()
    if row.usual_errors() != errors:
        start_fit(row)
    return row


def _check_gold_labels(survey: Survey, classes: set[str], positive: set[str]) -> None:
    """Check the classes of gold subjects, and those that come back when a verdict is withdrawn."""
    subjects, named = Subject.objects.filter(survey=survey), classes | set(survey.classes)
    is_hidden = Q(rulings__withdrawn_at=None) & ~Q(gold_label=F("rulings__previous_gold"))
    known = Counter(dict(subjects.filter(gold_label__in=named).values_list("gold_label").annotate(Count("pk"))))
    hidden = subjects.filter(is_hidden, rulings__previous_gold__in=named).values_list("rulings__previous_gold")
    known.update(dict(hidden.annotate(Count("pk", distinct=True))))
    for label, count in sorted(known.items()):
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
    """Return the number of subjects of each kind in a set, by the set's key, without duplicates."""
    sizes: dict[int, dict[str, int]] = {}
    counted = Subject.objects.originals().filter(survey=survey).exclude(sets=None).values_list("sets", "kind")
    for subject_set, kind, count in counted.annotate(Count("pk")).order_by("sets", "kind"):
        sizes.setdefault(subject_set, {})[kind] = count
    return sizes
