"""Try a failed job again from a page, and tell the reader how that went."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from webapp.core.jobs import AnotherOpen, Job


def retry_for(request: HttpRequest, job: Job) -> None:
    """Queue the job again if it has failed, and may succeed; the caller has checked who asks."""
    try:
        with transaction.atomic():
            again = job.retry()
    except (IntegrityError, AnotherOpen):
        messages.error(request, _("Another job of this kind is already waiting."))
        return
    if again:
        messages.success(request, _("The job is queued again."))
    elif job.is_hopeless:
        messages.error(request, _("This job would fail again: nothing was changed."))
    else:
        messages.error(request, _("This job has not failed: nothing was changed."))
