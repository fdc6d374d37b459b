"""Pages for administrators of the site: its status, and failed jobs to try again."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import site_admin_page
from webapp.core.jobs import AnotherOpen
from webapp.operations.job_overview import job_models
from webapp.operations.site_status import site_status


@require_safe
@site_admin_page
def status(request: HttpRequest) -> HttpResponse:
    return render(request, "operations/status.html", {"status": site_status()})


@require_POST
@site_admin_page
def retry(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Queue a failed job again."""
    model: Any = job_models().get(kind)
    if model is None:
        raise Http404
    job = get_object_or_404(model, pk=pk)
    try:
        with transaction.atomic():
            again = job.retry()
    except (IntegrityError, AnotherOpen):
        messages.error(request, _("Another job of this kind is already waiting."))
    else:
        if again:
            messages.success(request, _("The job is queued again."))
        else:
            messages.error(request, _("This job has not failed: nothing was changed."))
    return redirect("status")
