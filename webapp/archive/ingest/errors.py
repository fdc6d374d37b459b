"""Record ingest errors: which file and row could not be read, and why."""

from ml.io.records import BadInput
from webapp.archive.models import IngestProblem, IngestRun


def report(run: IngestRun, problems: list[BadInput]) -> None:
    """Write the problems of a run; one that an earlier attempt wrote stays as it is."""
    IngestProblem.objects.bulk_create(
        [IngestProblem(run=run, file=_text(bad.file), row=bad.row, reason=_text(_reason(bad))) for bad in problems],
        ignore_conflicts=True,
    )


def _reason(bad: BadInput) -> str:
    return f"{bad.image}: {bad.reason}" if bad.image else bad.reason


def _text(text: str) -> str:
    """Return what PostgreSQL can hold: a file's name may carry a NUL, or bytes that are not UTF-8."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
