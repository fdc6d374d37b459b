"""Find problems of the site, and tell its administrators of each once, by mail and webhook, and of its end."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webapp.classifications.models import Classification
from webapp.core.health import check_health
from webapp.core.models import Backup, Heartbeat, Process
from webapp.core.stored_messages import in_words
from webapp.operations.alert_ways import WAYS, attempt, receivers
from webapp.operations.job_overview import failed_jobs
from webapp.operations.models import Alert
from webapp.operations.restarts import restart_problems
from webapp.operations.stream_status import all_streams, stream_problems
from webapp.operations.worker_queues import queue_problems, workers_by_queue
from webapp.quality.models import FlagState, QualityFlag
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

QUIET = timedelta(hours=6)
"""A workflow that had many classifications the day before is silent after this time without one."""
USUAL, WITHIN = 50, timedelta(days=1)


def problems() -> dict[str, str]:
    """Return each problem's key and its sentence."""
    workflows, streams = dict(_silent_workflows()), stream_problems(all_streams())
    queues = queue_problems(workers_by_queue())
    return {
        **_sick_parts(),
        **_failed_jobs(),
        **workflows,
        **streams,
        **queues,
        **dict(_new_flags()),
        **restart_problems(),
        **_late_backup(),
    }


def _sick_parts() -> dict[str, str]:
    return {f"part:{name}": sentence for name, sentence in check_health().items() if sentence != "ok"}


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


def _new_flags() -> Iterator[tuple[str, str]]:
    """Yield the flags of each day that nobody has decided on, by workflow."""
    flags = QualityFlag.objects.filter(state=FlagState.OPEN).values_list("workflow", "found_at__date").order_by()
    counted = list(flags.annotate(people=Count("volunteer", distinct=True)))
    workflows = Workflow.objects.select_related("survey").in_bulk({pk for pk, *rest in counted})
    for pk, day, people in counted:
        sentence = ngettext(
            "%(people)s volunteer of %(survey)s: %(workflow)s seems to answer without looking."
            " Decide under Quality control.",
            "%(people)s volunteers of %(survey)s: %(workflow)s seem to answer without looking."
            " Decide under Quality control.",
            people,
        )
        workflow = workflows[pk]
        yield f"flags:{pk}:{day}", sentence % {"people": people, "survey": workflow.survey, "workflow": workflow}


def _late_backup() -> dict[str, str]:
    """Return a problem if a site that was backed up is so no longer; one that never was may be backed up otherwise."""
    newest = Backup.objects.newest()
    if newest is None or not newest.is_late:
        return {}
    return {"backup": _("No backup has been made since %(day)s.") % {"day": date_format(newest.finished_at)}}


PERSISTS = timedelta(seconds=90)
"""How long a problem of a part, workflow, stream or queue must last: a restart takes a few seconds."""
UNDELIVERED_AFTER = timedelta(minutes=10)
LATE = timedelta(minutes=3)
"""Workers look for problems every minute; if none has for this long, another process does."""
IS_JOB = Q(key__startswith="job:")
"""A failed job alerts at once. Its end sends no alert, since somebody retried or dismissed it."""


def check() -> None:
    """Store new problems, end those that are over, and tell about both. May run twice at a time, and any time later.

    Each way to tell is tried by itself, until it succeeds; its readers hear of the end of what they have heard of.
    """
    found = problems()
    told = _told_jobs(found)
    rows = [Alert(key=key, text=text) for key, text in found.items() if key not in told]
    Alert.objects.bulk_create(rows, ignore_conflicts=True)
    for way in WAYS:
        with transaction.atomic():
            _tell_of_new(way, found)
        with transaction.atomic():
            _tell_of_ended(way, found)
    over = Alert.objects.filter(ended_at=None).exclude(key__in=found)
    over.filter(Q(told_by=[]) | IS_JOB).update(ended_at=Now())


def _told_jobs(found: Collection[str]) -> set[str]:
    """Return failed jobs that were told before: older ones are the newest again once newer ones are tried again."""
    told = Alert.objects.filter(IS_JOB, key__in=found).exclude(told_by=[])
    return set(told.values_list("key", flat=True))


def check_if_late() -> None:
    """Check in place of the workers, if none has for some minutes: for a process that outlives them and beat."""
    lately = {"seen_at__gt": Now() - LATE, "seen_at__lt": Now() + LATE}
    if not Heartbeat.objects.filter(process=Process.ALERTS, **lately).exists():
        check()


def _tell_of_new(way: str, found: Collection[str]) -> None:
    due = IS_JOB | Q(created_at__lt=Now() - PERSISTS)
    alerts = list(_open_alerts().filter(due, key__in=found).exclude(told_by__contains=[way]))
    if alerts and not attempt(way, _("Wanderers: new problems"), [alert.text for alert in alerts]):
        for alert in alerts:
            alert.told_by.append(way)
        Alert.objects.bulk_update(alerts, ["told_by"])


def _tell_of_ended(way: str, found: Collection[str]) -> None:
    alerts = list(_open_alerts().filter(~IS_JOB, told_by__contains=[way]).exclude(key__in=found))
    over = [_("Over: %(problem)s") % {"problem": alert.text} for alert in alerts]
    if alerts and not attempt(way, _("Wanderers: problems resolved"), over):
        for alert in alerts:
            alert.told_by.remove(way)
        Alert.objects.bulk_update(alerts, ["told_by"])


def _open_alerts() -> QuerySet[Alert]:
    """Return alerts that are not over, locked, without those that another process tells about now."""
    return Alert.objects.select_for_update(skip_locked=True).filter(ended_at=None)


def undelivered() -> list[str]:
    """Say by which way alerts have waited for long to be sent, and since when.

    Their problems last: the log, which cannot fail, hears at once of a problem and of its end.
    """
    lasting = Alert.objects.filter(ended_at=None, told_by__contains=["log"])
    late = lasting.filter(created_at__lt=Now() - UNDELIVERED_AFTER)
    waiting = {way: late.exclude(told_by__contains=[way]).order_by("pk").first() for way in receivers()}
    return [
        _("Alerts could not be sent since %(time)s UTC: %(way)s. Try it under Status, and see the worker's log.")
        % {"time": f"{alert.created_at:%Y-%m-%d %H:%M}", "way": way}
        for way, alert in waiting.items()
        if alert
    ]
