"""Read a file or folder into a survey, and let the queues that draw from it know."""

from tasks.house import job
from webapp.archive.ingest.pipeline import ingest
from webapp.archive.models import IngestRun
from webapp.queue.membership import refill


@job(IngestRun)
def run(row: IngestRun) -> None:
    ingest(row, stored=refill)
