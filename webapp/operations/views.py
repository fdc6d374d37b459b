"""Pages for administrators of the site: its status, and failed jobs to try again or dismiss."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import person, site_admin_page
from webapp.core.jobs import Job
from webapp.core.retries import retry_for
from webapp.operations.alert_ways import try_all
from webapp.operations.dismissals import dismiss, dismiss_all, take_back
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
    retry_for(request, _job(kind, pk))
    return redirect("status")


@require_POST
@site_admin_page
def dismiss_failure(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Let a failure that an administrator has seen to count no longer."""
    job, until = _job(kind, pk), _until(request)
    if until and dismiss(job, until=until, by=person(request)):
        messages.success(request, _("Dismissed. It counts again if the job fails again."))
    else:
        messages.error(request, _("This failure is not among those on the page now: nothing was changed."))
    return redirect("status")


@require_POST
@site_admin_page
def dismiss_failures(request: HttpRequest) -> HttpResponse:
    """Dismiss all failures up to the newest that the page showed."""
    until = _until(request)
    number = dismiss_all(until=until, by=person(request)) if until else 0
    messages.success(request, ngettext("Dismissed %(n)s failure.", "Dismissed %(n)s failures.", number) % {"n": number})
    return redirect("status")


@require_POST
@site_admin_page
def take_back_dismissal(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Let a dismissed failure count again."""
    if take_back(_job(kind, pk)):
        messages.success(request, _("The failure counts again."))
    else:
        messages.error(request, _("This failure is not dismissed: nothing was changed."))
    return redirect("status")


@require_POST
@site_admin_page
def test_alerts(request: HttpRequest) -> HttpResponse:
    """Send a test message to the administrators by each way that is set up, and say how that went."""
    for way, failure in try_all().items():
        if failure:
            messages.error(request, _("%(way)s: the test failed: %(why)s") % {"way": way, "why": failure})
        else:
            messages.success(request, _("%(way)s: the test message was sent.") % {"way": way})
    return redirect("status")


def _job(kind: str, pk: int) -> Job:
    model: Any = job_models().get(kind)
    if model is None:
        raise Http404
    job: Job = get_object_or_404(model, pk=pk)
    return job


class UntilForm(forms.Form):
    """When the newest failure happened that the page showed."""

    until = forms.DateTimeField()


def _until(request: HttpRequest) -> datetime | None:
    """Return up to when failures were shown, so that none is dismissed unseen; None if the page did not say."""
    form = UntilForm(request.POST)
    return form.cleaned_data["until"] if form.is_valid() else None
