"""Score a survey's archive with a checkpoint, in shards of whole chunks of the pixel store, and what it lacks later."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby, pairwise

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import IngestRun, Subject, Survey
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, ScoringRun, ScoringShard

SHARD = 8192
"""Approximate subjects per shard: seconds of work with stored features, minutes without."""

Range = tuple[str, int, int]


@transaction.atomic
def start_scoring(
    checkpoint: Checkpoint, ranges: list[Range] | None = None, requested_by: User | None = None
) -> ScoringRun:
    """Score the subjects of the checkpoint's kind: all of them, or those in `ranges` (array, start, stop).

    What an admin has asked for, `requested_by`, goes on when the model leads no more.
    """
    wanted = whole_archive(checkpoint) if ranges is None else ranges
    run = ScoringRun.objects.create(survey=checkpoint.survey, checkpoint=checkpoint, requested_by=requested_by)
    if not _add_shards(run, wanted):
        run.enqueue()
    return run


def _add_shards(run: ScoringRun, ranges: list[Range]) -> int:
    shards = [
        ScoringShard(run=run, zarr_array=array, start=start, stop=stop, total=stop - start)
        for array, first, last in ranges
        for start, stop in cut(first, last, _chunk(run.checkpoint, array))
    ]
    for shard in ScoringShard.objects.bulk_create(shards):
        shard.enqueue()
    return len(shards)


def conclude(run: ScoringRun) -> None:
    """Dispatch the final job of a scoring run if its last shard is done."""
    if ScoringRun.objects.claimable().filter(pk=run.pk).exists():
        run.enqueue()


def whole_archive(checkpoint: Checkpoint) -> list[Range]:
    """Return the ranges of the pixel arrays with subjects of the checkpoint's kind, synthetic ones among them."""
    kind = Subject.objects.filter(survey=checkpoint.survey_id, kind=checkpoint.kind)
    ends = kind.order_by("zarr_array").values_list("zarr_array").annotate(last=Max("zarr_index"))
    return [(array, 0, last + 1) for array, last in ends]


def cut(first: int, last: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Split first..last into shards that share no chunk, so that one worker writes the features of a chunk."""
    step = max(1, SHARD // chunk) * chunk
    start = first
    while start < last:
        stop = min(last, (start // step + 1) * step)
        yield start, stop
        start = stop


def _chunk(checkpoint: Checkpoint, array: str) -> int:
    return PixelStore(settings.PIXELS).chunk(checkpoint.survey.slug, array)


def supersede_scoring(checkpoint: Checkpoint, besides: Checkpoint | None = None) -> None:
    """Cancel open scoring by earlier models of a new one's workflow, but by the champion and one whose scores stay.

    Only a new model does so: arrivals, or an admin who wants to compare models, stop nobody's scoring.
    """
    earlier = ScoringRun.objects.open().filter(
        survey=checkpoint.survey_id,
        checkpoint__role=checkpoint.role,
        checkpoint__lt=checkpoint.pk,
        checkpoint__is_champion=False,
        checkpoint__run__workflow=checkpoint.run.workflow_id,
    )
    if besides is not None:
        earlier = earlier.exclude(checkpoint=besides)
    _cancel(earlier)


def stop_scoring(demoted: Checkpoint) -> None:
    """Cancel the open scoring by a model that leads no more, unless an admin has asked for it under *Compare*."""
    _cancel(demoted.scoring_runs.open().filter(requested_by=None))


def _cancel(runs: QuerySet[ScoringRun]) -> None:
    keys = list(runs.values_list("pk", flat=True))
    shards = ScoringShard.objects.open().filter(run__in=keys)
    shards.update(cancel_requested=True)
    shards.claimable().update(state=JobState.CANCELLED, finished_at=Now())
    ScoringRun.objects.filter(pk__in=keys).update(state=JobState.CANCELLED, finished_at=Now())


REOPENED_FOR = timedelta(days=1)
TRIES = 3
"""Failures of a shard after which only an admin can retry it."""


@transaction.atomic
def score_unscored(champion: Checkpoint, *, given_up: bool) -> ScoringRun | None:
    """Start scoring unscored subjects, unless there are none, or an ingest or a scoring is running.

    Ranges that failed `TRIES` times are retried with `given_up` only.
    """
    Survey.objects.select_for_update(no_key=True).get(pk=champion.survey_id)
    if IngestRun.objects.open().filter(survey=champion.survey_id).exists():
        return None
    if champion.scoring_runs.open().exists():
        return None
    ranges = unscored(champion, () if given_up else _given_up(champion))
    if not ranges:
        return None
    run = _finished_lately(champion)
    return start_scoring(champion, ranges) if run is None else _reopen(run, ranges)


def _finished_lately(champion: Checkpoint) -> ScoringRun | None:
    """Return the last day's scoring by the champion if it all succeeded: streams bring subjects every few seconds."""
    lately = champion.scoring_runs.filter(state=JobState.DONE, created_at__gt=Now() - REOPENED_FOR, requested_by=None)
    run = lately.filter(pk__in=_shards(champion).values("run")).first()
    return None if run is None or run.shards.exclude(state=JobState.DONE).exists() else run


def _reopen(run: ScoringRun, ranges: list[Range]) -> ScoringRun:
    """Score more ranges in a finished run, whose shards become one for each stretch that they cover."""
    for _, shards in groupby(run.shards.order_by("zarr_array", "start"), lambda shard: shard.zarr_array):
        _join(list(shards))
    run.reopen()
    _add_shards(run, ranges)
    run.refresh_from_db()
    return run


def _join(shards: list[ScoringShard]) -> None:
    stretches = [shards[0]]
    for shard in shards[1:]:
        if shard.start <= stretches[-1].stop:
            stretches[-1].stop = max(stretches[-1].stop, shard.stop)
        else:
            stretches.append(shard)
    for stretch in stretches:
        stretch.done = stretch.total = stretch.stop - stretch.start
    ScoringShard.objects.bulk_update(stretches, ["stop", "done", "total"])
    ScoringShard.objects.filter(pk__in={shard.pk for shard in shards} - {each.pk for each in stretches}).delete()


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
    """Return what failed `TRIES` times; the shards that did may end at different places, since archives grow."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    shards = _shards(champion).filter(state=JobState.FAILED)
    for array, start, stop in shards.values_list("zarr_array", "start", "stop"):
        places[array].append((start, stop))
    return [(array, *part) for array, failed in places.items() for part in covered_often(failed, TRIES)]


def covered_often(places: Iterable[tuple[int, int]], least: int) -> Iterator[tuple[int, int]]:
    """Yield the parts that at least so many of the (start, stop) cover, in order."""
    change: Counter[int] = Counter()
    for start, stop in places:
        change[start] += 1
        change[stop] -= 1
    depth = 0
    for edge, following in pairwise(sorted(change)):
        depth += change[edge]
        if depth >= least:
            yield edge, following


def _holds(place: Range, shard: ScoringShard) -> bool:
    array, start, stop = place
    return array == shard.zarr_array and start <= shard.start < stop


def score_arrivals() -> list[ScoringRun]:
    """Start scoring new subjects with the champions, unless an ingest or a scoring is running."""
    champions = Checkpoint.objects.filter(is_champion=True).select_related("survey", "run")
    return [run for champion in champions if (run := score_unscored(champion, given_up=False))]
