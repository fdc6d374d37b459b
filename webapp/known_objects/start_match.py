"""Start jobs that compare a survey's subjects with the newest catalogue; needs no science, so pages may import it."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from webapp.archive.models import Subject, Survey
from webapp.core.jobs import JobState
from webapp.known_objects.models import IdentityCheck, MatchRun, OrbitCatalogue, measured_with

EVERY = timedelta(hours=1)
AFTER_FAILURE = timedelta(hours=22)


def start_match(survey: Survey, by: User | None) -> MatchRun | None:
    """Start a match with the newest catalogue; return the job, the waiting one if any, or None without a catalogue."""
    catalogue = OrbitCatalogue.objects.first()
    if catalogue is None:
        return None
    values = {"requested_by": by, "catalogue": catalogue}
    job, _ = MatchRun.objects.get_or_create(survey=survey, state=JobState.QUEUED, defaults=values)
    job.enqueue()
    return job


def surveys_to_match() -> list[Survey]:
    """Return the surveys with subjects to compare with the newest catalogue, an hour after their last job.

    A job that failed, as it does for a spacecraft without positions, is repeated a day later.
    """
    catalogue = OrbitCatalogue.objects.first()
    if catalogue is None:
        return []
    now = timezone.now()
    tried = Q(created_at__gt=now - EVERY) | Q(created_at__gt=now - AFTER_FAILURE, state=JobState.FAILED)
    recent = MatchRun.objects.filter(tried, survey=OuterRef("pk"))
    return [survey for survey in Survey.objects.exclude(Exists(recent)) if unchecked(survey, catalogue).exists()]


def unchecked(survey: Survey, catalogue: OrbitCatalogue) -> QuerySet[Subject]:
    """Return the observed subjects that were not compared with a catalogue as the survey now measures."""
    done = IdentityCheck.objects.filter(
        subject=OuterRef("pk"), catalogue=catalogue, measured_with=measured_with(survey)
    )
    return Subject.objects.originals().observed().filter(~Exists(done), survey=survey)
