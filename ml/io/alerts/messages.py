"""Alert packets as messages of a stream: Avro files, JSON, or values whose schema is known beforehand."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastavro import schemaless_reader

from ml.io.alerts.avro_file import NOT_WHOLE, AvroFile, understood
from ml.io.alerts.packet_map import PacketMap
from ml.io.alerts.surveys import recognise
from ml.io.limits import MAX_BLOCK_BYTES, decoding, size_in_words
from ml.io.message import Message
from ml.io.records import BadInput

_FILE = b"Obj\x01"
_CONFLUENT = b"\0"  # then a schema's number in four bytes
_CONFLUENT_HEADER = 5


def packets_of(
    message: bytes, schema: bytes = b"", given: PacketMap | None = None
) -> Iterator[tuple[Mapping[str, Any], PacketMap]]:
    """Yield the packets of a message, and the map of their survey.

    Parameters
    ----------
    message
        An Avro file (ZTF), a JSON object (Fink's API), or one bare value (Fink's streams) with or without the header of
        a schema registry (Rubin).
    schema
        JSON of the schema of bare values.
    given
        A map that the user wrote, tried before those of the known surveys.

    Raises
    ------
    BadInput
        Too large, damaged, of an unknown survey, or a bare value without `schema`.
    """
    if len(message) > MAX_BLOCK_BYTES:
        raise BadInput("takes %(size)s, more than a message of alerts needs.", size=size_in_words(len(message)))
    if message.startswith(_FILE):
        packets = AvroFile(io.BytesIO(message))
        where = recognise(packets.names, given)
        yield from ((packet, where) for packet in packets)
        return
    if not schema and message.startswith(b"{"):
        with decoding(Message("is not valid JSON")):
            row: dict[str, Any] = json.loads(message)
        yield row, recognise(row, given)
        return
    if not schema:
        raise BadInput("comes without its schema. Name the file of the topic's schema with --schema.")
    parsed, names = understood(schema)
    body = message[_CONFLUENT_HEADER:] if message.startswith(_CONFLUENT) else message
    with decoding(NOT_WHOLE):
        packet: Any = schemaless_reader(io.BytesIO(body), parsed, None)
    yield packet, recognise(names, given)
