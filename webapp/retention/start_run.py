"""Start retention runs: by hand, or every night for surveys with a rule."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.core.jobs import DAILY
from webapp.retention.droppable import droppable
from webapp.retention.models import RetentionRun


class RetentionRefused(ValueError):
    """The run cannot start; the message says why."""


@transaction.atomic
def new_run(*, survey: Survey, by: User | None, dry_run: bool) -> RetentionRun:
    """Create the row of a run, unclaimed.

    Raises RetentionRefused: the survey has no rule, or a run is in progress.
    """
    locked = Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    if locked.drop_bogus_after is None:
        raise RetentionRefused(_("Every pixel is kept: no number of days is set. Set one first."))
    if running := RetentionRun.objects.open().filter(survey=survey).first():
        message = _("Run %(number)d is in progress. Wait for it to end; nothing was started.")
        raise RetentionRefused(message % {"number": running.pk})
    return RetentionRun.objects.create(survey=survey, requested_by=by, dry_run=dry_run)


@transaction.atomic
def start_run(*, survey: Survey, by: User | None, dry_run: bool) -> RetentionRun:
    """Create the row of a run and dispatch it; errors as in `new_run`."""
    run = new_run(survey=survey, by=by, dry_run=dry_run)
    run.enqueue()
    return run


def surveys_to_clean() -> list[Survey]:
    """Return the surveys with a rule and something to drop, a night after their last run."""
    recent = RetentionRun.objects.filter(survey=OuterRef("pk"), dry_run=False, created_at__gt=timezone.now() - DAILY)
    open_runs = RetentionRun.objects.open().filter(survey=OuterRef("pk"))
    surveys = Survey.objects.exclude(drop_bogus_after=None).exclude(Exists(recent)).exclude(Exists(open_runs))
    return [survey for survey in surveys if droppable(survey).exists()]
