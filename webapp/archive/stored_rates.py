"""Keep the stored rates of subjects as the position errors of their survey's settings make them."""

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from webapp.archive.fitted_motions import fit_motions, rates_of
from webapp.archive.models import MotionFit, Subject, Survey
from webapp.core.jobs import DAILY, JobState
from webapp.core.sql import execute

BATCH = 5000
# Subjects are locked in key order, as everywhere.
STORE = f"""
    UPDATE {Subject._meta.db_table} AS subject SET fitted_rate = differs.rate
    FROM (
        SELECT held.id, fit.rate
        FROM unnest(%s::bigint[], %s::float8[]) AS fit (id, rate) JOIN {Subject._meta.db_table} AS held USING (id)
        WHERE held.fitted_rate IS DISTINCT FROM fit.rate
        ORDER BY held.id FOR NO KEY UPDATE OF held
    ) AS differs
    WHERE subject.id = differs.id
"""  # noqa: S608  # our own table


def start_fit(survey: Survey) -> MotionFit:
    """Start a fit of a survey's stored motions; return the job, the waiting one if any."""
    errors = survey.usual_errors()
    job, _ = MotionFit.objects.get_or_create(
        survey=survey, state=JobState.QUEUED, seeing=errors["seeing"], floor=errors["floor"]
    )
    job.enqueue()
    return job


def surveys_to_fit() -> list[Survey]:
    """Return the surveys whose stored rates were fitted with other errors, or never; a day after a failure."""
    failed = Q(state=JobState.FAILED, created_at__lt=timezone.now() - DAILY)
    newest = MotionFit.objects.filter(
        pk__in=MotionFit.objects.values("survey").annotate(newest=Max("pk")).values("newest")
    )
    fits = {job.survey_id: job for job in newest.exclude(failed | Q(state=JobState.CANCELLED))}
    surveys = Survey.objects.order_by("pk")
    return [each for each in surveys if each.pk not in fits or fits[each.pk].errors != each.usual_errors()]


def fit_stored(job: MotionFit) -> None:
    """Run the job, one batch a transaction; it ends early if the survey's errors changed, since another one follows."""
    total = Subject.objects.filter(survey=job.survey_id).count()
    done, last = 0, 0
    while keys := _following(job, last):
        if not _store(job, keys):
            break
        done, last = done + len(keys), keys[-1]
        job.renew(total=total, done=done)
    job.finish()


def _following(job: MotionFit, last: int) -> list[int]:
    rows = Subject.objects.filter(survey=job.survey_id, pk__gt=last).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _store(job: MotionFit, keys: list[int]) -> bool:
    """Fit and store a batch; return False, and store nothing, if the survey has other errors by now.

    The subjects are locked before the errors are read: a fit with other errors comes later, or has been here already.
    """
    execute(STORE, [keys, rates_of(fit_motions(keys, **job.errors))])
    is_current = Survey.objects.get(pk=job.survey_id).usual_errors() == job.errors
    transaction.set_rollback(not is_current)
    return is_current
