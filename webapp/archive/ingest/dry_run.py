"""Dry run of an ingest: count what would happen, without storing subjects or pixels."""

from webapp.archive.ingest.batches import Batch
from webapp.archive.ingest.counters import Tally
from webapp.archive.ingest.dedupe import originals, unknown
from webapp.archive.ingest.errors import report
from webapp.archive.models import IngestRun


class Preview:
    """Keeps in mind what would be in the survey by now: some 200 bytes for each subject."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.checksums: set[str] = set()

    def look(self, run: IngestRun, batch: Batch, tally: Tally) -> Tally:
        """Count a batch as `keep` would; only the run's own row and its problems are written."""
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
