"""Ingest pipeline: read, dedupe and store batches until the run is complete; or count only, in a dry run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings

from ml.io.records import BadInput
from ml.storage.pixel_store import PixelStore
from webapp.archive.ingest.dedupe import Known, originals, unknown
from webapp.archive.ingest.pixel_writer import Shelf
from webapp.archive.ingest.reader import Reader
from webapp.archive.ingest.store import Batch, Tally, batches, report, store_batch
from webapp.archive.ingest_messages import ALL_BAD, NOT_INGESTED, NOT_INGESTED_FURTHER, NOTHING_READ
from webapp.archive.models import IngestRun
from webapp.core.sql import through_restarts


class Preview:
    """Keeps in mind what would be in the survey by now: some 200 bytes for each subject."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.checksums: set[str] = set()

    def look(self, run: IngestRun, batch: Batch, tally: Tally) -> Tally:
        """Count a batch as `store_batch` would; only the run's own row and its problems are written."""
        fresh = [one for one in unknown(run.survey, batch.candidates) if one.record.external_id not in self.ids]
        self.ids.update(one.record.external_id for one in fresh)
        self.checksums.update(originals(run.survey, fresh))
        distinct = {one.checksum for one in fresh} - self.checksums
        self.checksums |= distinct
        report(run, batch.problems)
        now = tally.plus(
            done=batch.rows,
            added=len(fresh),
            known=batch.skipped + len(batch.candidates) - len(fresh),
            duplicates=len(fresh) - len(distinct),
            bad=len(batch.problems),
        )
        run.renew(total=run.total, **now.fields())
        return now


BEAT = 1.0
"""Seconds of silence from the reader after which its progress is reported all the same."""


def ingest(
    run: IngestRun,
    *,
    stored: Callable[[IngestRun], object],
    watch: Callable[[IngestRun], object] = lambda run: None,
) -> None:
    """Read the run's path to its end, keep what is new, and end the run.

    Parameters
    ----------
    run
        Claimed by the caller. Its row follows the progress, batch by batch. A run that an earlier attempt left
        half-way goes on: what is in is passed over without opening its file.
    stored
        Called once subjects may have come in and before the run is done, so that queues are filled when it is.
    watch
        Called whenever the run has got further.

    Raises
    ------
    LeaseLost, Cancelled
        The run is no longer this worker's, or was asked to end. What is in stays in.

    Notes
    -----
    A subject that the survey has already is left as it is, whatever the manifest says of it now. A manifest that
    cannot be used as a whole fails the run before anything is written; so does one whose every row is bad.
    """
    try:
        tally = _read(run, watch)
    except BadInput as bad:
        message = NOT_INGESTED_FURTHER if run.added else NOT_INGESTED
        run.fail(message(problem=bad))
        return
    finally:
        if not run.dry_run:
            through_restarts(partial(stored, run))
    if tally.bad and tally.bad == tally.done:
        problem = run.problems.first()
        run.fail(NOTHING_READ(problem=problem) if tally.bad == 1 else ALL_BAD(count=tally.bad, problem=problem))
    else:
        through_restarts(run.finish)


def _read(run: IngestRun, watch: Callable[[IngestRun], object]) -> Tally:
    survey = run.survey
    shelf = Shelf(PixelStore(settings.PIXELS), survey)
    write = Preview().look if run.dry_run else partial(store_batch, shelf=shelf)
    tally = Tally.of(run)
    known = through_restarts(partial(Known.of, survey))
    with Reader(Path(run.path), run.kind or None, known, survey.classes) as reader:
        items = reader.items(partial(_still_here, run, reader, watch), BEAT)
        for batch in batches(items, shelf.ends):
            run.total = reader.total
            tally = through_restarts(partial(write, run, batch, tally))
            del batch  # its pixels, before the next one's are gathered
            watch(run)
    return tally


def _still_here(run: IngestRun, reader: Reader, watch: Callable[[IngestRun], object]) -> None:
    """Keep the lease while the reader passes over what is known, or waits for a slow disk."""
    through_restarts(partial(run.renew, done=reader.seen, total=reader.total))
    watch(run)
