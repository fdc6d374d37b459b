"""CSV writer for pages and exports: streamed, with spreadsheet formulas escaped; timestamps in Panoptes' formats."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

from ml.io.safe_csv import CellWriter


class _Echo:
    """A file-like object that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Return a streaming response with a file `name`; None is an empty field."""
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = CellWriter(_Echo())
    for row in chain([header], rows):
        yield writer.writerow(row)


def csv_parts(header: Sequence[str], pages: Iterable[Iterable[Sequence[Any]]]) -> Iterator[bytes]:
    """Yield a header and pages of rows as CSV in UTF-8, one part per page."""
    yield _text([header])
    for rows in pages:
        yield _text(rows)


def _text(rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    CellWriter(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def moment(at: datetime | None) -> str:
    """Format a time as in Panoptes' columns: `2025-01-21 16:08:41 UTC`; empty for None."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def instant(at: datetime | None) -> str | None:
    """Format a time as in Panoptes' JSON: `2025-01-21T16:08:41.123Z`."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
