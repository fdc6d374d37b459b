"""Store a batch in one transaction: pixels, rows and the run's progress."""

from django.db import transaction

from webapp.archive.ingest.batches import Batch
from webapp.archive.ingest.copy_rows import exposures, put_into_set, write_frames, write_subjects
from webapp.archive.ingest.counters import Tally
from webapp.archive.ingest.dedupe import originals, unknown
from webapp.archive.ingest.errors import report
from webapp.archive.ingest.pixel_writer import Shelf, new_keys
from webapp.archive.ingest.prepare import Candidate
from webapp.archive.models import IngestRun, SubjectSet, Survey


@transaction.atomic
def keep(run: IngestRun, batch: Batch, tally: Tally, shelf: Shelf) -> Tally:
    """Keep a batch and return what the run has come to.

    The survey's row is held until the commit: two ingests into one survey take turns, batch by batch, and neither
    sees pixels of the other where it wants to put its own.

    Raises
    ------
    LeaseLost, Cancelled
        The run is no longer this worker's, or was asked to end. Nothing of the batch is kept.
    """
    survey = Survey.objects.select_for_update(no_key=True).get(pk=run.survey_id)
    fresh = unknown(survey, batch.candidates)
    duplicates = add(survey, run.subject_set, fresh, shelf, new_keys(len(fresh))) if fresh else 0
    report(run, batch.problems)
    now = tally.plus(
        done=batch.rows,
        added=len(fresh),
        known=batch.skipped + len(batch.candidates) - len(fresh),
        duplicates=duplicates,
        bad=len(batch.problems),
    )
    run.renew(total=run.total, **now.fields())
    return now


def add(survey: Survey, set_name: str, fresh: list[Candidate], shelf: Shelf, keys: list[int]) -> int:
    """Write new subjects with these primary keys; return how many of them are duplicates. Hold the survey's row."""
    first = originals(survey, fresh)
    before = len(first)
    write_subjects(survey, fresh, shelf.put(fresh), first, keys)
    write_frames(fresh, keys, exposures(survey, fresh))
    put_into_set(SubjectSet.objects.get_or_create(survey=survey, name=set_name)[0], keys)
    return len(fresh) - (len(first) - before)
