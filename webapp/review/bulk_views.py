"""Writes of the desk and the archive on all selected subjects at once, and the undo of the last one."""

from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from webapp.archive.access import person, survey_page
from webapp.archive.models import Role, Survey
from webapp.core.request_values import whole_numbers
from webapp.review.bulk import MOST_AT_ONCE, change_cases, give_verdicts
from webapp.review.bulk_undo import done_by, last_by, remember, undo_last
from webapp.review.models import BulkChange, CaseAction
from webapp.review.queue_form import reviewable
from webapp.review.rulings import SubjectVerdict
from webapp.review.verdict_views import verdict_in
from webapp.workflows.models import Workflow

ARCHIVE = "archive"
"""The `page` of forms on the archive's search."""


@require_POST
@survey_page(Role.SCIENTIST)
def bulk(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    """Give the selected subjects one verdict, or change their cases; all or none."""
    of = get_object_or_404(reviewable(survey), slug=workflow)
    try:
        results = _act(request, survey, of)
    except ValidationError as error:
        messages.error(request, " ".join([*error.messages, _("Nothing was changed.")]))
    else:
        n = len(results)
        messages.success(request, ngettext("%(n)s subject changed.", "%(n)s subjects changed.", n) % {"n": intcomma(n)})
    return _back(request, survey)


@require_POST
@survey_page(Role.SCIENTIST)
def bulk_undo(request: HttpRequest, survey: Survey, workflow: str) -> HttpResponse:
    """Undo one's last bulk action, as far as nobody has changed its subjects since."""
    of = get_object_or_404(reviewable(survey), slug=workflow)
    n = undo_last(of, by=person(request))
    messages.success(
        request, ngettext("Undone for %(n)s subject.", "Undone for %(n)s subjects.", n) % {"n": intcomma(n)}
    )
    return _back(request, survey)


def last_of(request: HttpRequest, workflow: Workflow | None) -> BulkChange | None:
    """Return the reader's last bulk action in the workflow, in this session or an earlier one, unless it is undone."""
    return last_by(person(request), workflow) if workflow else None


@transaction.atomic
def _act(request: HttpRequest, survey: Survey, workflow: Workflow) -> list[Any]:
    results = _changes(request, survey, workflow)
    if results and request.POST.get("action") != CaseAction.NOTE:
        remember(workflow, done_by(results), by=person(request))
    return results


def _changes(request: HttpRequest, survey: Survey, workflow: Workflow) -> list[Any]:
    chosen = whole_numbers(request.POST.getlist("subjects")[: MOST_AT_ONCE + 1])
    if action := request.POST.get("action", ""):
        text = request.POST.get("text", "")
        return list(change_cases(workflow, chosen, by=person(request), action=action, text=text))
    verdict, label, note = verdict_in(request, survey)
    verdicts = [SubjectVerdict(key, verdict, label, note) for key in chosen]
    return list(give_verdicts(workflow, verdicts, scientist=person(request)))


def _back(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Redirect to the page that the form came from: the archive's search, or the desk."""
    page = "subjects" if request.POST.get("page") == ARCHIVE else "review"
    return redirect(f"{reverse(page, args=[survey.slug])}?{request.POST.get('back', '')}")
