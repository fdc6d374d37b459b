"""Reports page, a report with its dry run, its signature and files, and the survey's report settings."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.archive.access import person, survey_for, survey_page
from webapp.archive.models import Membership, Role, Survey
from webapp.core.fingerprint import ChangedMeanwhile, fingerprint
from webapp.core.request_values import chosen, whole_numbers
from webapp.known_objects.models import OrbitCatalogue
from webapp.reports.contents import Contents
from webapp.reports.drafts import candidates, delete_draft, draft_report, no_longer_confirmed, remove_tracklet
from webapp.reports.dry_run import FORMATS, dry_file
from webapp.reports.forms import ReportSettingsForm, SignatureForm
from webapp.reports.models import Report, ReportSettings, settings_of
from webapp.reports.sign_off import sign_off
from webapp.review.doubts import doubts_about
from webapp.volunteers.identity import reader_of

SHOWN = 200
FILES = {"psv": "text/plain", "xml": "application/xml", "obs80": "text/plain"}
SUFFIX = {"psv": "psv", "xml": "xml", "obs80": "txt"}


@require_safe
@survey_page(Role.SCIENTIST)
def reports(request: HttpRequest, survey: Survey) -> HttpResponse:
    rows = candidates(survey)
    shown = list(rows.annotate(positions=Count("frames"))[:SHOWN])
    doubts = doubts_about([row.pk for row in shown])
    context = {
        "survey": survey,
        "settings": ReportSettings.objects.filter(survey=survey).first(),
        "no_longer_confirmed": set(no_longer_confirmed(survey).values_list("report", flat=True)),
        "reports": survey.reports.select_related("created_by").annotate(count=Count("tracklets")),
        "candidates": [(row, doubts.get(row.pk, [])) for row in shown],
        "count": rows.count(),
        "shown": SHOWN,
        "has_orbits": OrbitCatalogue.objects.exists(),
        "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
    }
    return render(request, "reports/reports.html", context)


@require_POST
@survey_page(Role.SCIENTIST)
def report_draft(request: HttpRequest, survey: Survey) -> HttpResponse:
    subjects = whole_numbers(request.POST.getlist("subjects"))
    try:
        report = draft_report(survey=survey, by=person(request), subjects=subjects)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("reports", survey.slug)
    return redirect("report", survey.slug, report.pk)


@require_safe
@survey_page(Role.SCIENTIST)
def report(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    return _page(request, _report(survey, pk), None)


@require_POST
@survey_page(Role.SCIENTIST)
def report_sign(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    row, form = _report(survey, pk), SignatureForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, status=400)
    try:
        sign_off(report=row, by=person(request), **form.cleaned_data)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Signed off. Download a file and send it to the Minor Planet Center."))
    return redirect("report", survey.slug, pk)


@require_POST
@survey_page(Role.SCIENTIST)
def report_remove(request: HttpRequest, survey: Survey, pk: int, tracklet: int) -> HttpResponse:
    row = _report(survey, pk)
    try:
        remove_tracklet(report=row, tracklet=tracklet)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("report", survey.slug, pk)


@require_POST
@survey_page(Role.SCIENTIST)
def report_delete(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    row = _report(survey, pk)
    try:
        delete_draft(report=row)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("report", survey.slug, pk)
    messages.success(request, _("The draft is deleted. Its tracklets are candidates again."))
    return redirect("reports", survey.slug)


@require_safe
def report_file(request: HttpRequest, slug: str, pk: int, kind: str) -> HttpResponse:
    """Send a file of a signed report, as it was signed: to scientists, and to everybody whom it tells no answer."""
    row = _report(get_object_or_404(Survey, slug=slug), pk)
    if not row.survey.reports.public(reader_of(request)).filter(pk=row.pk).exists():
        survey_for(request, slug, Role.SCIENTIST)
    text = getattr(row, kind, "") if kind in FILES else ""
    if not text:
        raise Http404
    response = HttpResponse(text.encode(), content_type=f"{FILES[kind]}; charset=utf-8")
    name = f"{slug}-report-{row.pk}.{SUFFIX[kind]}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@survey_page(Role.ADMIN)
def report_settings(request: HttpRequest, survey: Survey) -> HttpResponse:
    if request.method != "POST":
        return _settings_page(request, survey, ReportSettingsForm(instance=settings_of(survey)))
    form = ReportSettingsForm(request.POST, instance=settings_of(survey))
    if not form.is_valid():
        return _settings_page(request, survey, form, status=400)
    try:
        form.save_over(request.POST.get("seen", ""))
    except ChangedMeanwhile:
        return _changed_meanwhile(request, survey)
    messages.success(request, _("Settings saved. Drafts use them at once; signed reports stay as they are."))
    return redirect("reports", survey.slug)


def _changed_meanwhile(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Say in which fields the settings now differ from those in the form; those of a form sent twice do in none."""
    form = ReportSettingsForm(request.POST, instance=settings_of(survey))
    if not form.changed_data:
        return redirect("reports", survey.slug)
    message = _(
        "Someone changed the settings after you opened this page, so nothing was saved. Yours differ in: %(fields)s."
        " Save again to replace theirs."
    )
    form.add_error(None, message % {"fields": ", ".join(str(form[name].label) for name in form.changed_data)})
    return _settings_page(request, survey, form, status=409, seen=fingerprint(settings_of(survey), form.fields))


def _settings_page(
    request: HttpRequest, survey: Survey, form: ReportSettingsForm, status: int = 200, seen: str = ""
) -> HttpResponse:
    """Show the form, which continues from the settings with the fingerprint `seen`, a refused one from its first."""
    seen = seen or (request.POST.get("seen", "") if form.is_bound else fingerprint(form.instance, form.fields))
    return render(request, "reports/settings.html", {"survey": survey, "form": form, "seen": seen}, status=status)


def _report(survey: Survey, pk: int) -> Report:
    rows = Report.objects.select_related("survey", "created_by", "signed_by")
    return get_object_or_404(rows, pk=pk, survey=survey)


def _page(request: HttpRequest, row: Report, form: SignatureForm | None, status: int = 200) -> HttpResponse:
    kind = chosen(request.GET, "format", FORMATS, usual="psv")
    context: dict[str, Any] = {"survey": row.survey, "report": row, "kind": kind, "formats": FORMATS}
    if row.is_signed:
        context |= {"files": [each for each in FILES if getattr(row, each)]}
        context |= {"signed_lines": list(enumerate(getattr(row, kind).splitlines(), 1))}
        context |= {"tracklets": row.tracklets.select_related("subject")}
        context |= {"no_longer_confirmed": list(no_longer_confirmed(row.survey).filter(report=row))}
    else:
        settings = get_object_or_404(ReportSettings.objects.select_related("survey"), survey=row.survey)
        contents = Contents(row, settings)
        first = {"name": person(request).get_full_name(), "seen": contents.digest}
        context |= {"contents": contents, "file": dry_file(contents, kind), "tracklets": contents.tracklets}
        context |= {"blocked": contents.blocked}
        context |= {"form": form or SignatureForm(initial=first)}
    return render(request, "reports/report.html", context, status=status)
