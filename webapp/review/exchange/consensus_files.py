"""The consensus as CSV and as Parquet, a page of rows at a time."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from webapp.core.csv_writer import csv_parts, moment
from webapp.review.exchange.consensus_rows import SCHEMA, Row, consensus_pages
from webapp.volunteers.models import Workflow

ROWS_PER_GROUP = 20_000


def consensus_csv(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(SCHEMA.names, ([_cells(row) for row in page] for page in consensus_pages(workflow)))


def _cells(row: Row) -> list[Any]:
    return [_cell(row.get(name)) for name in SCHEMA.names]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return moment(value)
    return value


class _Sink:
    """What the writer of Parquet takes for a file; what was written is taken out as often as one likes."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.written = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self.parts.append(part)
        self.written += len(part)
        return len(part)

    def tell(self) -> int:
        return self.written

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken, self.parts = b"".join(self.parts), []
        return taken


def consensus_parquet(workflow: Workflow) -> Iterator[bytes]:
    """Yield the parts of a Parquet file whose metadata tell of the workflow."""
    sink = _Sink()
    about = {"workflow": workflow.slug, "survey": workflow.survey.slug, "question": workflow.question}
    schema = SCHEMA.with_metadata({"wanderers": json.dumps(about)})
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        waiting: list[Row] = []
        for page in consensus_pages(workflow):
            waiting += page
            if len(waiting) >= ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(waiting, schema))
                waiting = []
                yield sink.take()
        writer.write_table(pa.Table.from_pylist(waiting, schema))
    yield sink.take()
