"""Parquet files, such as the alert packets that Fink and Lasair hand out, a few rows at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ml.io.limits import MAX_BYTES, decoding, size_in_words
from ml.io.message import Message
from ml.io.records import BadInput

NOT_PARQUET = Message("is not a whole Parquet file")
MAX_VALUES = 50_000_000
"""Maximum number of values of a column in one row group: run lengths may claim any number of them in a few bytes."""

_MOST_ROWS = 32


class ParquetFile:
    """An opened Parquet file.

    Raises BadInput: it is damaged, or a part of it would take too much memory.

    Attributes
    ----------
    names
        Columns, and the fields of the records in them: ``candidate.ra``.
    """

    def __init__(self, path: Path) -> None:
        with decoding(NOT_PARQUET):
            self._file = pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False)
            self.names = frozenset(_names(self._file.schema_arrow))
            self._largest = max((_size(self._file, group) for group in range(self._file.num_row_groups)), default=0)
        if self._largest > MAX_BYTES:
            raise BadInput(
                "holds a column of %(size)s in one row group; %(most)s are allowed. Write it with smaller row groups.",
                size=size_in_words(self._largest),
                most=size_in_words(MAX_BYTES),
            )

    def rows(self, columns: set[str]) -> Iterator[dict[str, Any]]:
        """Yield rows with these columns, all of them if empty. Damage raises BadInput where it is met."""
        wanted = [name for name in self._file.schema_arrow.names if name in columns or not columns]
        # A dictionary may hold one value as large as its column, and every row repeat it.
        count = max(1, min(_MOST_ROWS, MAX_BYTES // max(self._largest, 1)))
        batches = self._file.iter_batches(count, columns=wanted, use_threads=False)
        while True:
            with decoding(NOT_PARQUET):
                batch = next(batches, None)
                rows = [] if batch is None else batch.to_pylist()
            if batch is None:
                return
            yield from rows


def _size(file: pq.ParquetFile, group: int) -> int:
    """Return the bytes of the largest column of a row group."""
    part = file.metadata.row_group(group)
    columns = [part.column(number) for number in range(part.num_columns)]
    if any(column.num_values > MAX_VALUES for column in columns):
        raise BadInput("claims more than %(most)s values in one row group.", most=f"{MAX_VALUES:,}")
    return max((column.total_uncompressed_size for column in columns), default=0)


def _names(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        yield field.name
        if pa.types.is_struct(field.type):
            yield from (f"{field.name}.{inner.name}" for inner in field.type)
