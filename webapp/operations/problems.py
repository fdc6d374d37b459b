"""Problems that administrators must hear about: sick parts, a full disk, failed jobs, silent volunteers, no backup."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.classifications.models import Classification
from webapp.core.health import look
from webapp.core.stored_messages import in_words
from webapp.operations.job_overview import failed_jobs
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

QUIET = timedelta(hours=6)
"""Without a classification for so long, a workflow that had many the day before is silent."""
USUAL, WITHIN = 50, timedelta(days=1)


def problems() -> dict[str, str]:
    """Return each problem's key and its sentence."""
    return {**_sick_parts(), **_failed_jobs(), **dict(_silent_workflows())}


def _sick_parts() -> dict[str, str]:
    return {f"part:{name}": sentence for name, sentence in look().items() if sentence != "ok"}


def _failed_jobs() -> dict[str, str]:
    return {
        f"job:{failed.key}:{failed.job.pk}:{failed.job.attempts}": _("%(job)s %(number)s failed: %(reason)s")
        % {"job": failed.job.title, "number": failed.job.pk, "reason": in_words(failed.job.error)}
        for failed in failed_jobs()
    }


def _silent_workflows() -> Iterator[tuple[str, str]]:
    now = timezone.now()
    is_open = QueueEntry.objects.filter(workflow=OuterRef("pk"), is_retired=False, is_gold=False, open_slots__gt=0)
    for workflow in Workflow.objects.filter(Exists(is_open), is_active=True).select_related("survey"):
        counted = Classification.objects.counted().filter(workflow=workflow, created_at__gt=now - QUIET - WITHIN)
        if not counted.filter(created_at__gt=now - QUIET).exists() and counted[:USUAL].count() == USUAL:
            yield (
                f"silent:{workflow.pk}",
                _("Nobody has classified in %(survey)s: %(workflow)s for %(hours)s hours, although subjects wait.")
                % {"survey": workflow.survey, "workflow": workflow, "hours": QUIET // timedelta(hours=1)},
            )
