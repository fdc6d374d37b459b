"""Archive search for scientists: filters by name, region, time, rate, magnitude, class, score, tag and known object."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.postgres.lookups import DataContains
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Frame, Subject, Survey
from webapp.archive.models.subject import NAME_KEY, NAME_TRIGRAMS, SubjectQuerySet

KNOWN = {
    "": (_("any"), Q()),
    "near": (_("near"), Q(identity_check__candidates__gt=0)),
    "new": (_("none near, or not compared"), ~Q(identity_check__candidates__gt=0)),
    "none": (_("none near"), Q(identity_check__candidates=0, identity_check__detections__gt=0)),
    "open": (_("not compared"), Q(identity_check=None) | Q(identity_check__detections=0)),
}
OF_ONE_SURVEY = {"gold": ("settled", "real", "bogus"), "sort": ("p_real", "-p_real", "posterior", "-posterior")}
"""Choices that ask for one survey's classes, model or votes."""
REGIONS = ("cone", "polygon", "moc")
LONGEST_TRANSACTION = timedelta(hours=1)


def search(surveys: Sequence[Survey], wanted: dict[str, Any]) -> QuerySet[Subject]:
    """Return the surveys' observed subjects that match a cleaned `SearchForm`; classes are the first survey's."""
    survey, *others = surveys
    rows = Subject.objects.observed().filter(Q(survey__in=surveys) if others else Q(survey=survey))
    if wanted.get("text"):
        rows = rows.filter(_named(wanted["text"], is_exact=wanted.get("match") == "exact"))
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    if wanted.get("gold"):
        rows = _of_class(rows, survey, wanted)
    if wanted.get("duplicates"):
        rows = rows.originals()
    if wanted.get("label"):
        rows = rows.filter(gold_label=wanted["label"])
    if wanted.get("tag"):
        rows = rows.filter(tagged(wanted["tag"]))
    if wanted.get("known"):
        rows = rows.filter(KNOWN[wanted["known"]][1])
    if wanted.get("set"):
        rows = rows.filter(sets=wanted["set"])
    if wanted.get("created_since"):
        rows = rows.filter(_ingested_since(wanted["created_since"]))
    if wanted.get("designation"):
        rows = rows.filter(known_matches__designation=wanted["designation"])
    for name in REGIONS:
        if wanted.get(name):
            rows = rows.filter(wanted[name])
    for name, (within, _label) in RANGES.items():
        ends = wanted.get(f"{name}_min"), wanted.get(f"{name}_max")
        if ends != (None, None):
            rows = rows.filter(within(*ends))
    return rows


def tells_class(wanted: dict[str, Any]) -> bool:
    """Return whether a search would tell the class that a verdict gave to each subject that it finds."""
    return bool(wanted.get("label")) or wanted.get("gold") in OF_ONE_SURVEY["gold"]


def _ingested_since(at: datetime) -> Q:
    """Filter by the time of ingest, along the index of changes: a change's time is that of its transaction's start."""
    return Q(created_at__gte=at, updated_at__gte=at - LONGEST_TRANSACTION if at.year > 1 else at)


def _of_class(rows: SubjectQuerySet, survey: Survey, wanted: dict[str, Any]) -> SubjectQuerySet:
    which = wanted["gold"]
    if which == "settled":
        return rows.settled_as_real(survey)
    if which in ("real", "bogus"):
        workflow = wanted.get("workflow") or survey.workflows.order_by("name").first()
        return rows.filter(_judged(survey, workflow, is_real=which == "real"))
    return rows.gold() if which == "known" else rows.filter(gold_label="")


def _judged(survey: Survey, workflow: Any, *, is_real: bool) -> Q:
    """Filter by the known class, or else by a workflow's settled consensus, as the night report counts."""
    positive = Q(gold_label__in=["yes", *survey.positive])
    known = positive if is_real else ~Q(gold_label="") & ~positive
    if workflow is None:
        return known
    return known | Q(Exists(workflow.consensus.settled(is_real=is_real).filter(subject=OuterRef("pk"))), gold_label="")


def tagged(name: str, subject: str = "pk") -> Q:
    """Filter by a tag, of scientists or of volunteers; `subject` is the field that holds the subject's key."""
    name = name.lower().removeprefix("#")
    by_scientists = Subject.objects.filter(case__tags__contains=[name]).values("pk")
    by_volunteers = Subject.objects.filter(volunteer_tags__name=name).values("pk")
    return Q(**{f"{subject}__in": by_scientists.union(by_volunteers)})


def of_known_objects(which: str) -> Q:
    """Filter by one of `KNOWN`; ValueError if there is none of that name."""
    if not which or which not in KNOWN:
        raise ValueError(which)
    return KNOWN[which][1]


MOST_JOINED = 1000
"""Subjects that are found by the names that their objects had before links joined them."""


def _named(text: str, *, is_exact: bool) -> Q:
    """Filter by name or object: 3200 is exactly 3200, and not 320001."""
    if is_exact:
        return Q(Exact(NAME_KEY, text.upper())) | of_object(text)
    found = with_parts_of(text) & (Q(external_id__icontains=text) | Q(object_group__icontains=text))
    return found | Q(pk__in=joined) if (joined := _joined_from(text)) else found


def of_object(name: str) -> Q:
    """Filter by the exact name of the object, or the one that it bore before links joined it with others."""
    return Q(object_group=name) | Q(own_group=name)


def _joined_from(text: str) -> list[int]:
    """Return subjects whose object bore the name before links joined it with others: few, of an index of their own."""
    joined = Subject.objects.filter(own_group__isnull=False, own_group__icontains=text)
    return list(joined.values_list("pk", flat=True)[:MOST_JOINED])


def with_parts_of(text: str) -> Q:
    """Filter by index, before the text is compared: by a name or object with all sequences of three characters."""
    parts = Func(Value(text), Value(""), function="name_trigrams", output_field=NAME_TRIGRAMS.output_field)
    return Q(DataContains(NAME_TRIGRAMS, parts))


def of_magnitude(lowest: float | None, highest: float | None) -> Q:
    """Filter by the magnitude of any one frame."""
    magnitudes = _between("mag", lowest, highest)
    return Q(Exists(Frame.objects.filter(magnitudes, subject=OuterRef("pk"))))


def of_model_score(lowest: float | None, highest: float | None) -> Q:
    """Filter by the score of any one champion."""
    scores = _between("scores__p_real", lowest, highest)
    return Q(Exists(Subject.objects.filter(scores, pk=OuterRef("pk"), scores__checkpoint__is_champion=True)))


def of_posterior(lowest: float | None, highest: float | None) -> Q:
    """Filter by the volunteers' consensus in any one workflow."""
    posteriors = _between("consensus__posterior", lowest, highest)
    return Q(Exists(Subject.objects.filter(posteriors, pk=OuterRef("pk"))))


def taken_between(lowest: float | None, highest: float | None) -> Q:
    """Filter by the time (MJD), both ends included."""
    return _between("mjd", lowest, highest)


def _between(column: str, lowest: float | None, highest: float | None) -> Q:
    ends = {"gte": lowest, "lte": highest}
    return Q(**{f"{column}__{end}": value for end, value in ends.items() if value is not None})


RANGES: dict[str, tuple[Callable[[float | None, float | None], Q], Any]] = {
    "mjd": (taken_between, _("MJD")),
    "rate": (partial(_between, "rate"), _("Rate given by the survey (″/h)")),
    "fitted_rate": (partial(_between, "fitted_rate"), _("Rate fitted to the frames (″/h)")),
    "mag": (of_magnitude, _("Magnitude")),
    "mean_mag": (partial(_between, "mag"), _("Magnitude, mean of the frames")),
    "p_real": (of_model_score, _("Model’s score")),
    "posterior": (of_posterior, _("Volunteers’ posterior")),
}
FRACTIONS = ("p_real", "posterior")
