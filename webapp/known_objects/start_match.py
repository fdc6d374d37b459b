"""Start jobs that compare a survey's subjects with the newest catalogue; needs no science, so pages may import it."""

from collections.abc import Collection
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from webapp.archive.models import Subject, Survey
from webapp.classifications.models import Mark
from webapp.core.jobs import DAILY, JobState
from webapp.known_objects.gold import becoming_gold
from webapp.known_objects.models import SEARCHED, IdentityCheck, MatchRun, OrbitCatalogue, measured_with
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import ModelRole, Promotion, ScoringRun

EVERY = timedelta(hours=1)


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
    tried = Q(created_at__gt=now - EVERY) | Q(created_at__gt=now - DAILY, state=JobState.FAILED)
    recent = MatchRun.objects.filter(tried, survey=OuterRef("pk"))
    return [survey for survey in Survey.objects.exclude(Exists(recent)) if unchecked(survey, catalogue).exists()]


def unchecked(survey: Survey, catalogue: OrbitCatalogue) -> QuerySet[Subject]:
    """Return the observed subjects that were not compared with a catalogue as the survey now measures.

    Cutouts and cubes also wait if their lines may have changed since, and known objects that have joined a queue in
    which they are gold.
    """
    measured = measured_with(survey)
    done = IdentityCheck.objects.filter(subject=OuterRef("pk"), catalogue=catalogue, measured_with=measured)
    rows = Subject.objects.originals().observed().filter(survey=survey)
    waiting = Q(~Exists(done))
    if "gold_in" in measured:
        waiting |= Q(pk__in=becoming_gold(rows).values("pk"))
    for kind in SEARCHED:
        if rows.filter(kind=kind).exists():
            waiting |= Q(kind=kind) & _has_new_lines(survey, ROLE_OF_KIND[kind])
    return rows.filter(waiting)


def _has_new_lines(survey: Survey, role: ModelRole) -> Q:
    """Return whether volunteers or the role's champion may have changed a subject's lines since it was compared."""
    checked_at = OuterRef("identity_check__checked_at")
    changed = Q(classification__created_at__gte=checked_at) | Q(classification__withdrawn_at__gte=checked_at)
    is_drawn = Exists(Mark.objects.filter(changed, classification__subject=OuterRef("pk")))
    promoted = Promotion.objects.filter(checkpoint__survey=survey, checkpoint__role=role).aggregate(Max("created_at"))
    runs = ScoringRun.objects.filter(survey=survey, checkpoint__role=role, checkpoint__is_champion=True)
    scored = runs.aggregate(Max("finished_at"))
    times = [when for when in (*promoted.values(), *scored.values()) if when]
    return Q(is_drawn) | Q(identity_check__checked_at__lte=max(times)) if times else Q(is_drawn)


def compare_again(subjects: Collection[int]) -> None:
    """Have cutouts and cubes compared again: their lines are new, though the answers to them are old.

    Call it in the transaction that stores the lines, before it locks volunteers or entries. It locks the subjects, so
    that a comparison that is under way sees the lines, or ends before.
    """
    searched = Subject.objects.filter(pk__in=subjects, kind__in=SEARCHED).lock()
    IdentityCheck.objects.filter(subject__in=searched).delete()
