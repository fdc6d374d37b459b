"""Score a survey's archive with a checkpoint, in shards of whole chunks of the pixel store."""

from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, ScoringRun, ScoringShard

SHARD = 8192
"""Approximate subjects per shard: seconds of work with stored features, minutes without."""

Range = tuple[str, int, int]


@transaction.atomic
def start_scoring(checkpoint: Checkpoint, ranges: list[Range] | None = None) -> ScoringRun:
    """Score the subjects of the checkpoint's kind: all of them, or those in `ranges` (array, start, stop).

    Open scoring for an earlier checkpoint of the same workflow is cancelled, unless that is champion.
    """
    _supersede(checkpoint)
    wanted = whole_archive(checkpoint) if ranges is None else ranges
    run = ScoringRun.objects.create(survey=checkpoint.survey, checkpoint=checkpoint)
    shards = [
        ScoringShard(run=run, zarr_array=array, start=start, stop=stop, total=stop - start)
        for array, first, last in wanted
        for start, stop in cut(first, last, _chunk(checkpoint, array))
    ]
    for shard in ScoringShard.objects.bulk_create(shards):
        shard.enqueue()
    if not shards:
        run.enqueue()
    return run


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


def _supersede(checkpoint: Checkpoint) -> None:
    earlier = (
        ScoringRun.objects.open()
        .filter(
            survey=checkpoint.survey_id,
            checkpoint__role=checkpoint.role,
            checkpoint__is_champion=False,
            checkpoint__run__workflow=checkpoint.run.workflow_id,
        )
        .exclude(checkpoint=checkpoint)
    )
    keys = list(earlier.values_list("pk", flat=True))
    shards = ScoringShard.objects.open().filter(run__in=keys)
    shards.update(cancel_requested=True)
    shards.claimable().update(state=JobState.CANCELLED, finished_at=Now())
    ScoringRun.objects.filter(pk__in=keys).update(state=JobState.CANCELLED, finished_at=Now())
