"""Archive search for scientists: by name, region, time, rate, magnitude, class, score, tag and known object."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib.postgres.lookups import DataContains
from django.core.exceptions import ValidationError
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from webapp.archive.footprints import read_region
from webapp.archive.models import Footprint, Frame, Kind, Subject, Survey
from webapp.archive.models.subject import NAME_KEY, NAME_TRIGRAMS, SubjectQuerySet
from webapp.archive.sky_region import read_cone, read_polygon
from webapp.archive.subject_orders import SORTS
from webapp.core.active_filters import RangeEnd, has_errors

GOLD = [
    ("", _("any")),
    ("known", _("gold")),
    ("open", _("not gold")),
    ("settled", _("settled as real")),
    ("real", _("judged real")),
    ("bogus", _("judged bogus")),
]
DUPLICATES = [("", _("shown")), ("none", _("left out"))]
KNOWN = {
    "": (_("any"), Q()),
    "near": (_("near"), Q(identity_check__candidates__gt=0)),
    "new": (_("none near, or not compared"), ~Q(identity_check__candidates__gt=0)),
    "none": (_("none near"), Q(identity_check__candidates=0, identity_check__detections__gt=0)),
    "open": (_("not compared"), Q(identity_check=None) | Q(identity_check__detections=0)),
}
REACHES = [("", _("this survey")), ("all", _("all surveys that you are a scientist of"))]
OF_ONE_SURVEY = {"gold": ("settled", "real", "bogus"), "sort": ("p_real", "-p_real", "posterior", "-posterior")}
"""Choices that ask for one survey's classes, model or votes."""
REGIONS = ("cone", "polygon", "moc")
LONGEST_TRANSACTION = timedelta(hours=1)
VIEWS = [("", _("pictures")), ("table", _("table"))]
MATCHES = [("part", _("contains")), ("exact", _("is exactly"))]


class Region(forms.CharField):
    """Numbers that describe a region; the value is a filter."""

    def __init__(self, read: Callable[[str], Q], **options: Any) -> None:
        super().__init__(required=False, max_length=2000, **options)
        self.read = read

    def clean(self, value: Any) -> Any:
        """Return the filter, or an empty string."""
        text = super().clean(value)
        try:
            return self.read(text) if text else ""
        except ValueError as error:
            raise ValidationError(str(error)) from error


class SearchForm(forms.Form):
    """The filters, all combined; an invalid one is shown with what is wrong, and nothing is listed."""

    text = forms.CharField(required=False, label=_("Name or object"), max_length=100)
    match = forms.ChoiceField(required=False, label=_("Name"), choices=MATCHES)
    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=[("", _("any")), *Kind.choices])
    gold = forms.ChoiceField(required=False, label=_("Class"), choices=GOLD)
    label = forms.CharField(required=False, label=_("Class name"), max_length=20)
    tag = forms.CharField(required=False, label=_("Tag"), max_length=30)
    known = forms.ChoiceField(
        required=False, label=_("Known object"), choices=[(key, each[0]) for key, each in KNOWN.items()]
    )
    designation = forms.CharField(required=False, label=_("Known object’s name, exactly"), max_length=40)
    created_since = forms.DateTimeField(
        required=False,
        label=_("Ingested since (UTC)"),
        widget=forms.DateTimeInput({"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S"),
    )
    duplicates = forms.ChoiceField(required=False, label=_("Duplicates"), choices=DUPLICATES)
    sort = forms.ChoiceField(
        required=False, label=_("Sort by"), choices=[(key, each[1]) for key, each in SORTS.items()]
    )
    view = forms.ChoiceField(required=False, label=_("View"), choices=VIEWS)

    def __init__(self, *args: Any, survey: Survey, reachable: Sequence[Survey] = (), **kwargs: Any) -> None:
        """Make the form of a survey's page; `reachable` are the surveys that its reader is a scientist of."""
        super().__init__(*args, **kwargs)
        self.survey, self.reachable = survey, reachable
        if len(self.reachable) > 1:
            self.fields["reach"] = forms.ChoiceField(choices=REACHES, required=False, label=_("Search in"))
        self.fields |= region_fields(survey)
        self.workflows = survey.workflows.order_by("name")
        self.fields["workflow"] = forms.ModelChoiceField(
            self.workflows, to_field_name="slug", required=False, label=_("Scores of workflow"),
            empty_label=None,
        )  # fmt: skip
        self.fields["set"] = forms.ModelChoiceField(
            survey.subject_sets.order_by("name"), to_field_name="name", required=False, label=_("Subject set"),
            empty_label=_("any"),
        )  # fmt: skip
        self.footprints = Footprint.objects.filter(survey=survey).values_list("name", flat=True)
        for name in RANGES:
            self.fields |= range_fields(name)

    def simple(self) -> list[forms.BoundField]:
        names = ["text", "match", "kind", "gold", "label", "tag", "sort", "view"]
        return [self[name] for name in ([*names, "workflow"] if len(self.workflows) > 1 else names)]

    def choices(self) -> list[forms.BoundField]:
        return [self[name] for name in ("set", "created_since", "known", "designation", "duplicates")]

    def regions(self) -> list[forms.BoundField]:
        return [self[name] for name in (*REGIONS, "reach") if name in self.fields]

    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"{name}_min"], self[f"{name}_max"]) for name in RANGES]

    @property
    def workflow(self) -> Any:
        """Return the workflow whose scores order the subjects and whose votes judge them, by default the first."""
        return self.cleaned_data.get("workflow") or next(iter(self.workflows), None)

    def clean(self) -> dict[str, Any]:
        """Refuse empty ranges, what has no meaning in several surveys, and all of them without a place or a name."""
        cleaned = super().clean() or self.cleaned_data
        for name in RANGES:
            refuse_empty_range(self, name)
        if cleaned.get("reach") != "all":
            return cleaned
        if not self._is_narrow(cleaned):
            message = _("To search in all surveys, give a cone, a polygon or a MOC, or an exact name.")
            self.add_error("reach", message)
        for name, of_one in OF_ONE_SURVEY.items():
            if cleaned.get(name) in of_one:
                self.add_error(name, _("This asks for one survey’s classes, model or votes. Choose another."))
        return cleaned

    def _is_narrow(self, cleaned: dict[str, Any]) -> bool:
        """Return whether it asks for what an index finds in all surveys at once: a region, or an exact name."""
        is_named = bool(cleaned.get("designation") or (cleaned.get("text") and cleaned.get("match") == "exact"))
        return is_named or any(cleaned.get(name) or name in self.errors for name in REGIONS)

    @property
    def surveys(self) -> Sequence[Survey]:
        """Return the surveys to search in, once the form is valid."""
        return self.reachable if self.cleaned_data.get("reach") == "all" else [self.survey]

    def folded(self) -> list[forms.BoundField]:
        return [*self.choices(), *self.regions(), *(field for pair in self.pairs() for field in pair)]

    @property
    def is_open(self) -> bool:
        return has_errors(self.folded())


def region_fields(survey: Survey) -> dict[str, forms.Field]:
    """Return the fields of `REGIONS`; each one's value is a filter of subjects."""
    return {
        "cone": Region(read_cone, label=_("Cone: RA, Dec, radius (°)")),
        "polygon": Region(read_polygon, label=_("Polygon: RA, Dec, RA, Dec, … (°)")),
        "moc": Region(
            partial(read_region, survey),
            label=_("MOC: 3/1-5,7 4/100, or an uploaded one’s name"),
            widget=forms.TextInput({"list": "footprints"}),
        ),
    }


def range_fields(name: str) -> dict[str, forms.Field]:
    """Return the two fields of one of `RANGES`: `NAME_min`, which has its label, and `NAME_max`."""
    limits: dict[str, Any] = {"min_value": 0, "max_value": 1} if name in FRACTIONS else {}
    return {
        f"{name}_{end}": RangeEnd(RANGES[name][1], sign, label=label, **limits)
        for end, sign, label in (("min", "≥", RANGES[name][1]), ("max", "≤", _("to")))
    }


def refuse_empty_range(form: forms.Form, name: str, end: str = "max") -> None:
    """Add an error to a range's upper field, or the one of another `end`, where the lower one is larger."""
    lowest, highest = (form.cleaned_data.get(f"{name}_{end}") for end in ("min", "max"))
    if lowest is not None and highest is not None and lowest > highest:
        form.add_error(f"{name}_{end}", _("“From” is larger than “to”."))


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


def _named(text: str, *, is_exact: bool) -> Q:
    """Filter by name or object: 3200 is exactly 3200, and not 320001."""
    if is_exact:
        return Q(Exact(NAME_KEY, text.upper())) | Q(object_group=text)
    return with_parts_of(text) & (Q(external_id__icontains=text) | Q(object_group__icontains=text))


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
