"""Parquet as a stream: tables of rows, written group by group, without holding the file."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 20_000


class _Sink:
    """A file-like object for the Parquet writer, whose content is taken out piece by piece."""

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
        """Do nothing; there is no buffer."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken, self.parts = b"".join(self.parts), []
        return taken


def parquet_parts(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    """Yield the parts of a Parquet file with the rows of tables that have its columns."""
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(table)
            if sum(map(len, waiting)) >= ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting).cast(schema), row_group_size=ROWS_PER_GROUP)
                waiting = []
                yield sink.take()
        writer.write_table(pa.concat_tables([*waiting, schema.empty_table()]).cast(schema))
    yield sink.take()
