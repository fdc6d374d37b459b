"""Blinding: which metadata a volunteer may see before classifying a subject.

A training subject has a known class, and some are synthetic. A survey's metadata (a rate of a found mover, a score, a
date of ingest) would give them away. So before answering, volunteers see only time and position, and the metadata that
the survey's admins have released; scientists see everything. Whatever was measured to tell the classes apart
(`webapp.archive.target_leakage`), even time or position, stays hidden.
"""

from collections.abc import Collection
from typing import Any

from django.db.models import BooleanField, Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast

from webapp.archive.models import Membership, Role, Subject, Survey, lacks_second_factor

HIDDEN = ("#", "!")
LEAKY = ("rate", "fitted_rate", "created_at", "updated_at")
LEAKY_OF_FRAMES = ("mag", "snr", "rms_ra", "rms_dec", "rms_corr")
FACTS = {
    "ra": ("ra", "dec", "positions", "sky", "wcs"),
    "mjd": ("mjd", "mjd_mid", "mjds"),
    "band": ("band", "bands"),
    "external_id": ("external_id",),
}
"""Names of a measured column in the data of a subject and its frames."""


def with_unblinded(rows: QuerySet[Subject], user: Any) -> QuerySet[Subject]:
    """Annotate each row with `is_unblinded`: whether `user` may see all that volunteers ever see of it."""
    if not user.is_authenticated or not user.is_active:
        return rows.annotate(is_unblinded=Value(False, BooleanField()))
    is_elevated = not lacks_second_factor(user, Role.SCIENTIST)
    if user.is_superuser and is_elevated:
        return rows.annotate(is_unblinded=Value(True, BooleanField()))
    answered = Subject.objects.filter(
        pk=OuterRef("pk"), classifications__volunteer__user=user, classifications__withdrawn_at=None
    )
    scientists = Membership.objects.at_least(Role.SCIENTIST).filter(survey=OuterRef("survey"), user=user)
    return rows.annotate(is_unblinded=Q(Exists(answered)) | (Q(Exists(scientists)) if is_elevated else Q()))


def until_answered(facts: dict[str, Any], survey: Survey) -> dict[str, Any]:
    """Return a subject's data, of any shape, without revealing values."""
    visible = facts | {name: None for name in LEAKY if name in facts and not survey.opens(name)}
    hidden = {name for column in survey.leaky_columns for name in FACTS.get(column, ())}
    visible |= {name: _blank(name, facts) for name in hidden if name in facts}
    visible["metadata"] = opened(facts["metadata"], survey)
    if "frames" in facts and isinstance(facts["frames"], list):
        blank = dict.fromkeys((*LEAKY_OF_FRAMES, *hidden))
        visible["frames"] = [
            frame | {name: blank[name] for name in frame if name in blank} for frame in facts["frames"]
        ]
    return visible


def unless_leaky(rows: QuerySet[Any], columns: Collection[str]) -> QuerySet[Any]:
    """Exclude, of rows annotated by `with_unblinded`, what a search by these columns would give away."""
    leaks = Q(survey__leaky_columns__has_any_keys=list(columns))
    return rows.exclude(leaks & Q(is_unblinded=False)) if columns else rows


def only_unblinded(rows: QuerySet[Subject], user: Any) -> QuerySet[Any]:
    """Return the rows of which `user` may see all that volunteers ever see."""
    unblinded: QuerySet[Any] = with_unblinded(rows, user)
    return unblinded.filter(is_unblinded=True)


def blind_names(subjects: Collection[Subject], user: Any) -> None:
    """Replace names that tell the class by numbers, for the page only; `user` reads those of answered subjects.

    The subjects' surveys must be loaded, or this costs a query for each.
    """
    named = [row for row in subjects if "external_id" in row.survey.leaky_columns]
    if not named:
        return
    rows = only_unblinded(Subject.objects.filter(pk__in={row.pk for row in named}), user)
    readable = set(rows.values_list("pk", flat=True))
    for row in named:
        if row.pk not in readable:
            row.external_id = str(row.pk)


def readable_name(user: Any) -> Case:
    """Return the name of each row's `subject`, for a query: a number if it tells the class, until `user` may know."""
    readable = only_unblinded(Subject.objects.filter(pk=OuterRef("subject")), user)
    is_hidden = Q(~Exists(readable), subject__survey__leaky_columns__has_key="external_id")
    return Case(When(is_hidden, then=Cast("subject_id", CharField())), default=F("subject__external_id"))


def _blank(name: str, facts: dict[str, Any]) -> Any:
    """Return what stands for a hidden value: a number for the name, empty texts for bands, else None."""
    if name == "external_id":
        return str(facts["id"])
    if isinstance(facts[name], list):
        return ["" if name == "bands" else None] * len(facts[name])
    return None


def opened(metadata: dict[str, Any], survey: Survey) -> dict[str, Any]:
    """Return the metadata that the survey's admins have released before an answer."""
    return {name: value for name, value in shown(metadata).items() if survey.opens(name)}


def after_answer(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what volunteers see after their answer: also the values that are hidden while classifying."""
    later = {name[1:]: value for name, value in metadata.items() if name.startswith("!") and isinstance(value, str)}
    return shown(metadata) | later


def shown(metadata: dict[str, Any]) -> dict[str, Any]:
    """Remove hidden metadata (`#name`), and metadata hidden while classifying (`!name`)."""
    return {name: value for name, value in metadata.items() if not name.startswith(HIDDEN)}
