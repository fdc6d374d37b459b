"""Tables as CSV, sent row by row: a long one takes no more memory than a short one."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse


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
    writer = csv.writer(_Echo())
    for row in chain([header], rows):
        yield writer.writerow([_plain(value) for value in row])


def _plain(value: Any) -> Any:
    """Keep a name that a spreadsheet would run as a formula a name."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "@", "\t", "\r") else value
