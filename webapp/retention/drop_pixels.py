"""Drop pixels: chunk by chunk, first the rows say so, then the chunk is rewritten without them.

What a killed run leaves is a chunk whose rows say that pixels are dropped that are still stored; its run names it, and
the next attempt, or the next run, clears it. Nothing is cleared while a backup runs, which copies the files after the
rows.
"""

import time
from collections.abc import Iterator
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from ml.storage.pixel_store import PixelStore
from webapp.archive.audit import record_job
from webapp.archive.models import Subject, Survey
from webapp.archive.models.subject import SubjectQuerySet
from webapp.core.backup_lock import may_delete_files
from webapp.core.stored_messages import Sentence
from webapp.queue.entries import lock_free_in_all_workflows
from webapp.retention.droppable import TrainedOn, droppable
from webapp.retention.models import RetentionRun

PAUSE_SECONDS = 2.0
BACKUP_RUNS = Sentence("A backup is running. This goes on once it has ended.")

Chunk = tuple[str, int]
"""An array, and the index of the chunk's first subject."""


def drop_pixels(run: RetentionRun) -> None:
    """Run the job: drop all that the survey's rule allows; in a dry run, only count it.

    Raises LeaseLost or Cancelled: what was dropped stays dropped.
    """
    store, trained_on = PixelStore(settings.PIXELS), TrainedOn(run.survey)
    if run.dry_run:
        run.renew(done=0, bytes_freed=0)
    else:
        _clear_interrupted(run, store)
    for chunk, keys in _chunks(run.survey, store):
        if run.dry_run:
            _count(run, store, chunk, keys, trained_on)
        elif _mark(run, chunk, keys, trained_on):
            _clear(run, run, store)
    run.refresh_from_db()
    with transaction.atomic():
        if run.done and not run.dry_run:
            record_job(run.requested_by, run.survey, "retention-run", subjects=run.done, bytes_freed=run.bytes_freed)
        run.finish()


def _chunks(survey: Survey, store: PixelStore) -> Iterator[tuple[Chunk, list[int]]]:
    """Yield each chunk of the store with droppable subjects, and their keys."""

    def chunk_of(row: tuple[int, str, int]) -> Chunk:
        _, array, index = row
        return array, index - index % store.chunk(survey.slug, array)

    rows = droppable(survey).order_by("zarr_array", "zarr_index").values_list("pk", "zarr_array", "zarr_index")
    for chunk, members in groupby(rows.iterator(chunk_size=5000), chunk_of):
        yield chunk, [pk for pk, _, _ in members]


def _count(run: RetentionRun, store: PixelStore, chunk: Chunk, keys: list[int], trained_on: TrainedOn) -> None:
    array, first = chunk
    dropped = len(keys) - len(trained_on.among(keys))
    stored = _of_chunk(run.survey, store, chunk).with_pixels().count()
    freed = store.chunk_bytes(run.survey.slug, array, first) * dropped // max(stored, 1)
    run.renew(done=run.done + dropped, bytes_freed=run.bytes_freed + freed)


@transaction.atomic
def _mark(run: RetentionRun, chunk: Chunk, keys: list[int], trained_on: TrainedOn) -> int:
    """Mark pixels of a chunk as dropped, and the chunk as being cleared; return how many.

    Locks keep out an ingest into the chunk, a training that begins, and votes that reopen a subject. What somebody
    works on just now is left to the next run: nobody who needs the survey has to wait for that, too.
    """
    _lock(run.survey)
    free = lock_free_in_all_workflows(Subject.objects.filter(pk__in=keys).lock(skip_locked=True))
    still = list(droppable(run.survey).filter(pk__in=free).values_list("pk", flat=True))
    dropped = set(still) - trained_on.among(still)
    if dropped:
        Subject.objects.filter(pk__in=dropped).update(pixels_dropped_at=Now())
        run.renew(done=run.done + len(dropped), clearing_array=chunk[0], clearing_index=chunk[1])
    else:
        run.renew()
    return len(dropped)


def _clear(marked: RetentionRun, run: RetentionRun, store: PixelStore) -> None:
    """Free the space of all dropped pixels in the chunk that `marked` names, once no backup runs; `run` says so."""
    if _cleared(marked, store):
        return
    while not _cleared(marked, store):
        run.renew(message=BACKUP_RUNS())
        time.sleep(PAUSE_SECONDS)
    run.renew(message="")


@transaction.atomic
def _cleared(run: RetentionRun, store: PixelStore) -> bool:
    if not may_delete_files():
        return False
    _lock(run.survey)
    chunk = (run.clearing_array, run.clearing_index)
    dropped = _of_chunk(run.survey, store, chunk).filter(pixels_dropped_at__isnull=False)
    freed = store.clear(run.survey.slug, chunk[0], dropped.values_list("zarr_index", flat=True))
    after = {"clearing_array": "", "bytes_freed": F("bytes_freed") + max(freed, 0)}
    RetentionRun.objects.filter(pk=run.pk).update(**after)
    return True


def _clear_interrupted(run: RetentionRun, store: PixelStore) -> None:
    for marked in RetentionRun.objects.filter(survey=run.survey).exclude(clearing_array=""):
        _clear(marked, run, store)


def _of_chunk(survey: Survey, store: PixelStore, chunk: Chunk) -> SubjectQuerySet:
    array, first = chunk
    last = first + store.chunk(survey.slug, array) - 1
    return Subject.objects.filter(survey=survey, zarr_array=array, zarr_index__range=(first, last))


def _lock(survey: Survey) -> None:
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
