"""Ingest pipeline: read, dedupe and store batches until the run is complete; or only count, in a dry run."""

from collections import ChainMap
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.conf import settings

from ml.io.records import BadInput
from ml.storage.pixel_store import PixelStore
from webapp.archive.ingest.dedupe import Known, originals, other_pixels, outside_set, stored_checksums, unknown
from webapp.archive.ingest.pixel_writer import PixelWriter
from webapp.archive.ingest.reader import Reader
from webapp.archive.ingest.remote_files import ArchiveDown, sources
from webapp.archive.ingest.store import Batch, Tally, batches, report, store_batch
from webapp.archive.models import Frame, IngestRun, Subject, SubjectSet
from webapp.archive.models.ingest_run import ALL_BAD, NOT_INGESTED, NOT_INGESTED_FURTHER, NOTHING_READ
from webapp.archive.target_leakage import measure_leakage
from webapp.core.sql import analyze, through_restarts


class Preview:
    """Tracks what would be in the survey, at some 200 bytes per subject."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.checksums: set[str] = set()
        self.joined: set[str] = set()

    def count(self, run: IngestRun, batch: Batch, tally: Tally) -> Tally:
        """Count a batch as `store_batch` would; writes only the run's own row and its problems."""
        fresh = [one for one in unknown(run.survey, batch.candidates) if one.record.external_id not in self.ids]
        self.ids |= {one.record.external_id: one.checksum for one in fresh}
        self.checksums.update(originals(run.survey, fresh))
        distinct = {one.checksum for one in fresh} - self.checksums
        self.checksums |= distinct
        checksums = ChainMap(self.ids, stored_checksums(run.survey, batch.candidates))
        changed = other_pixels(batch.candidates, checksums)
        report(run, [*batch.problems, *changed], fresh)
        before, duplicates = len(self.joined), len(fresh) - len(distinct)
        self.joined |= outside_set(run.survey, run.subject_set, batch.known_names(checksums))
        joined = len(self.joined) - before
        now = tally.after(batch, added=len(fresh), duplicates=duplicates, joined=joined, changed=len(changed))
        run.renew(total=run.total, **now.fields())
        return now


BEAT = 1.0
"""Seconds of silence from the reader after which progress is reported anyway."""


def ingest(
    run: IngestRun,
    *,
    stored: Callable[[IngestRun], object],
    watch: Callable[[IngestRun], object] = lambda run: None,
) -> None:
    """Read the run's path to its end, store new subjects, and finish the run.

    Raises LeaseLost or Cancelled: the run belongs to another worker, or was cancelled. Stored subjects stay.

    Parameters
    ----------
    run
        Claimed by the caller. Its row shows the progress, batch by batch. An interrupted run is resumed: stored
        subjects are skipped without opening their files.
    stored
        Called when subjects may have been added, before the run is done, so that queues are filled by then.
    watch
        Called on every progress.

    Notes
    -----
    A subject that already exists in the survey joins the run's set, and is left unchanged otherwise, even if the
    manifest has changed. A manifest that cannot be read as a whole fails the run before anything is written; so does
    one with only bad rows.
    """
    try:
        tally = _read(run, watch)
    except (BadInput, ArchiveDown) as error:
        bad = error.args[0] if isinstance(error, ArchiveDown) else error
        message = NOT_INGESTED_FURTHER if run.added else NOT_INGESTED
        run.fail(message(problem=bad))
        return
    finally:
        if not run.dry_run:
            through_restarts(partial(analyze, Subject, Frame, SubjectSet.subjects.through))
            through_restarts(partial(measure_leakage, run.survey))
            through_restarts(partial(stored, run))
    if tally.bad and tally.bad == tally.done:
        problem = run.problems.filter(is_warning=False).earliest("pk").message
        run.fail(NOTHING_READ(problem=problem) if tally.bad == 1 else ALL_BAD(count=tally.bad, problem=problem))
    else:
        through_restarts(run.finish)


def _read(run: IngestRun, watch: Callable[[IngestRun], object]) -> Tally:
    survey = run.survey
    writer = PixelWriter(PixelStore(settings.PIXELS), survey)
    write = Preview().count if run.dry_run else partial(store_batch, writer=writer)
    tally = Tally.of(run)
    known = through_restarts(partial(Known.of, survey))
    with sources(run) as (source, files), Reader(source, run.kind or None, known, survey.classes, files) as reader:
        items = reader.items(partial(_still_here, run, reader, watch), BEAT)
        for batch in batches(items, writer.ends):
            run.total = reader.total
            tally = through_restarts(partial(write, run, batch, tally))
            del batch  # free its pixels before reading the next batch
            watch(run)
    if reader.total is None or reader.total < reader.seen:  # its files hold several packets
        through_restarts(partial(run.renew, total=reader.seen))
    return through_restarts(partial(_with_earlier_problems, run, tally))


def _with_earlier_problems(run: IngestRun, tally: Tally) -> Tally:
    """Count as bad, not as known, the bad rows of earlier attempts whose names are those of stored subjects by now."""
    listed = run.problems.filter(is_warning=False).count()
    if listed > tally.bad:
        tally = replace(tally, bad=listed, known=tally.known - (listed - tally.bad))
        run.renew(**tally.fields())
    return tally


def _still_here(run: IngestRun, reader: Reader, watch: Callable[[IngestRun], object]) -> None:
    """Renew the lease while the reader skips known rows, or waits for a slow disk; only the former is progress."""
    keep = run.extend_lease if reader.seen == run.done else run.renew
    through_restarts(partial(keep, done=reader.seen, total=reader.total))
    watch(run)
