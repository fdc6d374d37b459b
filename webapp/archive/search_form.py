"""The form of the archive search for scientists, and fields that the desk's filters have too."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.archive.footprints import read_region
from webapp.archive.models import Footprint, Kind, Survey
from webapp.archive.sky_region import read_cone, read_polygon
from webapp.archive.subject_orders import SORTS
from webapp.archive.subject_search import FRACTIONS, KNOWN, OF_ONE_SURVEY, RANGES, REGIONS
from webapp.core.active_filters import RangeEnd, has_errors

GOLD = [
    ("", _("any")),
    ("known", _("gold")),
    ("open", _("not gold")),
    ("settled", _("settled as real")),
    ("real", _("judged real")),
    ("bogus", _("judged bogus")),
]
KNOWN_CHOICES = [(key, each[0]) for key, each in KNOWN.items()]
DUPLICATES = [("", _("shown")), ("none", _("left out"))]
REACHES = [("", _("this survey")), ("all", _("all surveys that you are a scientist of"))]
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
    known = forms.ChoiceField(required=False, label=_("Known object"), choices=KNOWN_CHOICES)
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
