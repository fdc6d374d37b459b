"""CSV writer for pages and exports: streamed, with spreadsheet formulas escaped; timestamps as Panoptes writes them."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

from ml.io.safe_csv import CellWriter


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Answer with a file `name`; None is an empty field."""
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = CellWriter(_Echo())
    for row in chain([header], rows):
        yield writer.writerow(row)


def csv_parts(header: Sequence[str], pages: Iterable[Iterable[Sequence[Any]]]) -> Iterator[bytes]:
    """Write a header and pages of rows as CSV in UTF-8; each part that is yielded holds one page."""
    yield _text([header])
    for rows in pages:
        yield _text(rows)


def _text(rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    CellWriter(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def moment(at: datetime | None) -> str:
    """Write a moment as Panoptes' columns do: `2025-01-21 16:08:41 UTC`; nothing for None."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def instant(at: datetime | None) -> str | None:
    """Write a moment as Panoptes' JSON does: `2025-01-21T16:08:41.123Z`."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
