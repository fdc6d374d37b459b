"""Dismiss failures of jobs that an administrator has seen to, so that they count as problems no longer."""

from datetime import datetime

from django.contrib.auth.models import User

from webapp.core.jobs import Job
from webapp.operations.job_overview import failures, job_models
from webapp.operations.models import DismissedFailure


def dismiss(job: Job, *, until: datetime, by: User) -> bool:
    """Dismiss the job's failure; return False if there is none until that time, as when it has failed again since."""
    return bool(_dismiss(type(job), until, by, pk=job.pk))


def dismiss_all(*, until: datetime, by: User) -> int:
    """Dismiss what failed until that time; return how many failures that were."""
    return sum(_dismiss(model, until, by) for model in job_models().values())


def take_back(job: Job) -> bool:
    """Let the failure count again; return False if it is not dismissed."""
    if job.finished_at is None:
        return False
    dismissed = DismissedFailure.objects.filter(kind=job._meta.label_lower, job=job.pk, failed_at=job.finished_at)
    return bool(dismissed.delete()[0])


def _dismiss(model: type[Job], until: datetime, by: User, **which: int) -> int:
    failed = failures(model).filter(finished_at__lte=until, **which).values_list("pk", "finished_at")
    rows = [DismissedFailure(kind=model._meta.label_lower, job=pk, failed_at=at, dismissed_by=by) for pk, at in failed]
    return len(DismissedFailure.objects.bulk_create(rows, ignore_conflicts=True))
