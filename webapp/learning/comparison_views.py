"""Comparison page: two models side by side, for scientists."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from ml.io.message import message_of
from webapp.archive.access import person, survey_page
from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.core.csv_writer import csv_response
from webapp.core.fragments import fragment_of
from webapp.learning.comparison import (
    ComparableSubjects,
    Performance,
    changed,
    comparable_subjects,
    difference,
    score_archive,
    without_archive,
    without_scores,
)
from webapp.learning.comparison_tables import calibration_table, curve_table, short_curve_table
from webapp.learning.label_snapshot import MissingFile
from webapp.learning.models import Checkpoint, TestSet
from webapp.learning.run_views import NAMES

SHOWN = 24
LISTED = 10_000
TABLES = {"curves": curve_table, "calibration": calibration_table}
CSV_COLUMNS = ("subject", "external_id", "p_real_first", "p_real_second")


class ModelChoice(forms.ModelChoiceField):
    """A choice of checkpoint, labelled with its role, recipe, time (UTC) and workflow."""

    def label_from_instance(self, obj: Any) -> str:
        named = _("%(number)d: %(role)s, %(preset)s, %(date)s")
        values = {"number": obj.pk, "role": obj.get_role_display(), "preset": obj.run.get_preset_display()}
        label = named % {**values, "date": f"{obj.created_at:%Y-%m-%d %H:%M}"}
        champion = _(", champion") if obj.is_champion else ""
        return f"{label}{champion} · {obj.run.workflow.name}"


class ComparisonForm(forms.Form):
    """Two models of one role."""

    first = ModelChoice(queryset=Checkpoint.objects.none(), label=_("Model"), empty_label=None)
    second = ModelChoice(queryset=Checkpoint.objects.none(), label=_("Compared with"), empty_label=None)

    def __init__(self, survey: Survey, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first", "second"):
            self.fields[name].queryset = Checkpoint.objects.filter(survey=survey).select_related("run__workflow")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        first, second = chosen.get("first"), chosen.get("second")
        if first and second and (first == second or first.role != second.role):
            raise forms.ValidationError(_("Choose two different models of the same role."))
        return chosen


@require_safe
@survey_page(Role.SCIENTIST)
def compare(request: HttpRequest, survey: Survey) -> HttpResponse:
    form = ComparisonForm(survey, request.GET or None, initial=_newest_two(survey))
    context: dict[str, Any] = {"survey": survey, "form": form}
    if form.is_valid():
        context |= _compared(survey, **form.cleaned_data)
        context["is_admin"] = Membership.objects.allows(request.user, survey, Role.ADMIN)
    return render(request, "learning/comparison.html", context, status=400 if form.errors else 200)


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("compare")
def compare_changed(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Return the fragment with the subjects that the models answer differently; it may take a second."""
    form = ComparisonForm(survey, request.GET)
    if not form.is_valid():
        return HttpResponse(status=400)
    to_yes, to_no, rows = changed(**form.cleaned_data, most=SHOWN)
    pictures = Subject.objects.in_bulk([row.subject for row in rows])
    context = {
        "survey": survey,
        "to_yes": to_yes,
        "to_no": to_no,
        "query": request.GET.urlencode(),
        "cards": [(pictures[row.subject], row.before, row.after) for row in rows if row.subject in pictures],
        **form.cleaned_data,
    }
    return render(request, "learning/comparison_changed.html", context)


@require_POST
@survey_page(Role.ADMIN)
def compare_score(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Score the archive with one of the models that are compared, and return to the comparison."""
    model = get_object_or_404(Checkpoint, survey=survey, pk=pk)
    if score_archive(model, person(request)) is None:
        message = _(
            "Nothing was started: model %(number)d has scored the archive or is scoring it, or its scores are not kept."
        )
        messages.info(request, message % {"number": pk})
    else:
        messages.success(request, _("Scoring the archive with model %(number)d.") % {"number": pk})
    return redirect(f"{reverse('compare', args=[survey.slug])}?{request.GET.urlencode()}")


@require_safe
@survey_page(Role.SCIENTIST)
def compare_csv(request: HttpRequest, survey: Survey) -> HttpResponseBase:
    form = ComparisonForm(survey, request.GET)
    if not form.is_valid():
        return HttpResponse(status=400)
    first, second = form.cleaned_data["first"], form.cleaned_data["second"]
    rows = changed(first, second, most=LISTED)[2]
    names = dict(Subject.objects.filter(pk__in=[row.subject for row in rows]).values_list("pk", "external_id"))
    table = ((row.subject, names.get(row.subject, ""), row.before, row.after) for row in rows)
    return csv_response(f"changed-{first.pk}-{second.pk}.csv", CSV_COLUMNS, table)


@require_safe
@survey_page(Role.SCIENTIST)
def compare_points(request: HttpRequest, survey: Survey, name: str) -> HttpResponseBase:
    """Return the points of a figure of the comparison."""
    form = ComparisonForm(survey, request.GET)
    if not form.is_valid():
        return HttpResponse(status=400)
    try:
        _frozen, rows = _test_subjects(survey, **form.cleaned_data)
    except MissingFile as missing:
        raise Http404(str(missing)) from missing
    if name not in TABLES or not rows or not rows.is_enough:
        raise Http404(name)
    models = _performances(rows, **form.cleaned_data)
    return TABLES[name](models).as_csv(f"{name}-{'-'.join(str(each.checkpoint.pk) for each in models)}.csv")


def _newest_two(survey: Survey) -> dict[str, Any]:
    """Return the champion of some role, or else the older model, and the newest other one."""
    for role in Checkpoint.objects.filter(survey=survey).values_list("role", flat=True).order_by("role").distinct():
        models: QuerySet[Checkpoint] = Checkpoint.objects.filter(survey=survey, role=role).order_by(
            "-is_champion", "pk"
        )
        if len(found := list(models)) > 1:
            return {"first": found[0], "second": max(found[1:], key=lambda model: model.pk)}
    return {}


def _compared(survey: Survey, first: Checkpoint, second: Checkpoint) -> dict[str, Any]:
    context: dict[str, Any] = {
        "first": first,
        "second": second,
        "without_archive": without_archive(first, second),
        "without_scores": without_scores(first, second),
        "lineages": [model.lineage() for model in (first, second)],
    }
    try:
        frozen, rows = _test_subjects(survey, first, second)
    except MissingFile as missing:
        return context | {"missing": message_of(missing)}
    context |= {"frozen": frozen, "rows": rows}
    return context | _measured(survey, rows, first, second) if rows and rows.is_enough else context


def _test_subjects(
    survey: Survey, first: Checkpoint, second: Checkpoint
) -> tuple[TestSet | None, ComparableSubjects | None]:
    """Return the current test set and its subjects for both models; None without one."""
    frozen = TestSet.objects.filter(survey=survey, kind=first.kind, is_current=True).first()
    return frozen, comparable_subjects(frozen, first, second) if frozen else None


def _performances(rows: ComparableSubjects, first: Checkpoint, second: Checkpoint) -> list[Performance]:
    return [Performance(model, rows.is_real, rows.p_real[n]) for n, model in enumerate((first, second))]


def _measured(survey: Survey, rows: ComparableSubjects, first: Checkpoint, second: Checkpoint) -> dict[str, Any]:
    models = _performances(rows, first, second)
    gain, low, high = difference(rows)
    named = [(NAMES[key], models[0].metrics[key], models[1].metrics[key]) for key in NAMES if key in models[0].metrics]
    return {
        "models": models,
        "metrics": named,
        "gain": {"value": gain, "low": low, "high": high},
        "curves": {
            "models": [model.checkpoint.pk for model in models],
            **{name: table(models).plotted() for name, table in TABLES.items()},
        },
        "curve_table": short_curve_table(models),
        "calibration": calibration_table(models),
        "csv": {
            name: f"{reverse('compare-points', args=[survey.slug, name])}?first={first.pk}&second={second.pk}"
            for name in TABLES
        },
        "mistakes": [_mistakes(rows, model) for model in models],
    }


def _mistakes(rows: ComparableSubjects, model: Performance) -> dict[str, Any]:
    false, missed = model.mistakes(SHOWN)
    (_rejected, all_false), (all_missed, _found) = model.confusion
    pictures = Subject.objects.in_bulk(rows.subjects[[*false, *missed]].tolist())

    def cards(places: Any) -> list[tuple[Subject, float]]:
        return [
            (pictures[key], p)
            for key, p in zip(rows.subjects[places].tolist(), model.p_real[places].tolist(), strict=True)
            if key in pictures
        ]

    return {
        "model": model.checkpoint,
        "false": cards(false),
        "missed": cards(missed),
        "all_false": all_false,
        "all_missed": all_missed,
    }
