"""Avro files of alert packets, block by block in bounded memory.

Strict about sizes, lenient about what does not matter for reading: defaults (a null for an int, as in TURBO's) serve
only to translate between schemas, and logical types only to convert values.

Avro specification 1.12, "Object Container Files".
"""

import io
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO

from fastavro import parse_schema, schemaless_reader

from ml.io.alerts.avro_bounds import check_block, check_schema
from ml.io.alerts.codecs import unpack
from ml.io.limits import decoding, size_in_words
from ml.io.message import Message

NOT_WHOLE = Message("is not a whole Avro file")
MAX_FILE_HEADER = 1024**2
"""Maximum bytes of an Avro file's header; Rubin's schema has about 100 kB."""

_SYNC = 16
_MAGIC = b"Obj\x01"
_META = parse_schema({"type": "map", "values": "bytes"})
_LONG = parse_schema("long")
_LONGEST_NUMBER = 10  # bytes of 64 bits, seven bits a byte
_NOT_READ = ("default", "logicalType", "doc", "aliases", "order")


class AvroFile:
    """An opened Avro file.

    Raises BadInput: the header is damaged or too large, or its schema is refused.

    Parameters
    ----------
    file
        Readable bytes, at their start.

    Attributes
    ----------
    schema
        As parsed by fastavro.
    names
        See `field_names`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        head = io.BytesIO(file.read(min(size, MAX_FILE_HEADER)))
        with decoding(NOT_WHOLE):
            if head.read(len(_MAGIC)) != _MAGIC:
                raise ValueError("it does not begin as one")
            meta: Any = schemaless_reader(head, _META, None)
            self._sync = head.read(_SYNC)
            self.codec = bytes(meta.get("avro.codec", b"null")).decode("latin-1")
            text = bytes(meta["avro.schema"])
        self._at = head.tell()
        self.schema, self.names = understood(text)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the packets; damage raises BadInput where it is met."""
        self._file.seek(self._at)
        while start := self._file.read(2 * _LONGEST_NUMBER):
            with decoding(NOT_WHOLE):
                block = io.BytesIO(start)
                count, size = (schemaless_reader(block, _LONG, None) for _ in range(2))
            self._file.seek(block.tell() - len(start), io.SEEK_CUR)
            yield from self._packets(int(str(count)), self._block(int(str(size))))

    def _block(self, size: int) -> bytes:
        check_block(size)
        packed, sync = self._file.read(max(size, 0)), self._file.read(_SYNC)
        with decoding(NOT_WHOLE):
            if len(packed) != size or sync != self._sync:
                raise ValueError(f"a block of {size_in_words(max(size, 0))} is cut short or damaged")
        return unpack(self.codec, packed)

    def _packets(self, count: int, data: bytes) -> Iterator[dict[str, Any]]:
        values = io.BytesIO(data)
        for _ in range(count):
            with decoding(NOT_WHOLE):
                if values.tell() >= len(data):
                    raise ValueError("a block holds fewer packets than it says")
                packet: Any = schemaless_reader(values, self.schema, None)
            yield packet


@lru_cache(maxsize=64)
def understood(text: bytes) -> tuple[Any, frozenset[str]]:
    """Parse the schema of a file or stream: each night's files have the same one.

    Returns
    -------
    tuple
        The schema for fastavro, and the names of its fields as in `field_names`.

    Raises BadInput: it is no schema, or one that `check_schema` refuses.
    """
    with decoding(NOT_WHOLE):
        parsed = parse_schema(_without_extras(json.loads(text)))
    check_schema(parsed)
    return parsed, frozenset(field_names(parsed))


def field_names(schema: Any, prefix: str = "") -> Iterator[str]:
    """Yield the fields of a record and those of the records in it: ``candid``, ``candidate``, ``candidate.ra``."""
    for field in schema["fields"]:
        yield prefix + field["name"]
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        for kind in kinds:
            if isinstance(kind, dict) and kind.get("type") == "record" and not prefix:
                yield from field_names(kind, f"{field['name']}.")


def _without_extras(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_extras(each) for each in schema]
    if isinstance(schema, dict):
        return {key: _without_extras(value) for key, value in schema.items() if key not in _NOT_READ}
    return schema
