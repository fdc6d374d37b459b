"""Score what the champion has not scored yet: new subjects, and failed shards."""

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from webapp.archive.models import IngestRun
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, ScoringRun, ScoringShard
from webapp.learning.promotion import lock_champion
from webapp.learning.scoring import Range, start_scoring, whole_archive

TRIES = 3
"""Failures of a shard after which only an admin can retry it."""


@transaction.atomic
def score_unscored(champion: Checkpoint, *, given_up: bool) -> ScoringRun | None:
    """Start scoring unscored subjects, unless there are none, or an ingest or a scoring is running.

    Ranges that failed `TRIES` times are retried with `given_up` only.
    """
    lock_champion(champion.survey_id, champion.role)
    if IngestRun.objects.open().filter(survey=champion.survey_id).exists():
        return None
    if champion.scoring_runs.open().exists():
        return None
    ranges = unscored(champion, () if given_up else _given_up(champion))
    return start_scoring(champion, ranges) if ranges else None


def unscored(champion: Checkpoint, besides: Iterable[Range] = ()) -> list[Range]:
    """Return the ranges without a shard of the champion, finished or open, except those in `besides`."""
    shards = _shards(champion).exclude(state__in=(JobState.FAILED, JobState.CANCELLED))
    covered = [*shards.values_list("zarr_array", "start", "stop"), *besides]
    return [
        (array, start, stop)
        for array, first, last in whole_archive(champion)
        for start, stop in gaps(first, last, [place for name, *place in covered if name == array])
    ]


def failures(champion: Checkpoint) -> list[ScoringShard]:
    """Return the last failure in each range that is unscored because of it, newest first."""
    open_ranges = unscored(champion)
    failed = _shards(champion).filter(state=JobState.FAILED).order_by("-pk")
    newest = {(shard.zarr_array, shard.start): shard for shard in reversed(failed)}
    return [shard for shard in reversed(newest.values()) if any(_holds(each, shard) for each in open_ranges)]


def gaps(first: int, last: int, covered: Iterable[Iterable[int]]) -> Iterator[tuple[int, int]]:
    """Yield the parts of first..last outside the `covered` (start, stop), in order."""
    reached = first
    for start, stop in sorted((start, stop) for start, stop in covered):
        if reached < min(start, last):
            yield reached, min(start, last)
        reached = max(reached, stop)
    if reached < last:
        yield reached, last


def _shards(champion: Checkpoint) -> QuerySet[ScoringShard]:
    """Return the shards since it became champion: earlier scores may have been deleted."""
    since = champion.promotions.aggregate(when=Max("created_at"))["when"]
    shards = ScoringShard.objects.filter(run__checkpoint=champion)
    return shards.filter(run__created_at__gte=since) if since else shards


def _given_up(champion: Checkpoint) -> list[Range]:
    failed = _shards(champion).filter(state=JobState.FAILED).values_list("zarr_array", "start", "stop")
    return [(array, start, stop) for array, start, stop, n in failed.annotate(n=Count("pk")) if n >= TRIES]


def _holds(place: Range, shard: ScoringShard) -> bool:
    array, start, stop = place
    return array == shard.zarr_array and start <= shard.start < stop


def score_arrivals() -> list[ScoringRun]:
    """Start scoring new subjects with the champions, unless an ingest or a scoring is running."""
    champions = Checkpoint.objects.filter(is_champion=True).select_related("survey", "run")
    return [run for champion in champions if (run := score_unscored(champion, given_up=False))]
