"""Read files of alert packets of any survey as subjects."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ml.io.alerts.avro_file import AvroFile
from ml.io.alerts.packet_map import PacketMap
from ml.io.alerts.subject import ODD, external_id, subject
from ml.io.alerts.surveys import recognise
from ml.io.limits import decoding
from ml.io.manifest import Skip
from ml.io.parquet_file import ParquetFile
from ml.io.records import BadInput, SubjectRecord

PACKETS = (".avro", ".parquet")
"""File name endings of alert packets."""


def read_packets(
    path: Path, skip: Skip | None = None, given: PacketMap | None = None
) -> Iterator[SubjectRecord | BadInput]:
    """Read every alert packet of a file as a stamp with a channel for each kind of cutout that the survey sends.

    Parameters
    ----------
    path
        The file, with one packet or many; its fields tell which survey's they are.
    skip
        Packets whose identifier makes this true are skipped, before their cutouts are opened.
    given
        A map that the user wrote, tried before those of the known surveys.

    Yields
    ------
    SubjectRecord or BadInput
        A packet that cannot be used is yielded as BadInput and reading goes on; damage to the file ends it.
    """
    row = 0
    try:
        for row, (packet, where) in enumerate(_packets(path, given), start=1):
            record = guarded(packet, where, path.name, row, skip)
            if record is not None:
                yield record
    except BadInput as bad:
        yield bad.at(file=path.name, row=row + 1 if row else None)


def _packets(path: Path, given: PacketMap | None) -> Iterator[tuple[Mapping[str, Any], PacketMap]]:
    if path.suffix.lower() == ".parquet":
        table = ParquetFile(path)
        where = recognise(table.names, given)
        yield from ((row, where) for row in table.rows(where.paths() if where.facts else set()))
        return
    with path.open("rb") as file:
        packets = AvroFile(file)
        where = recognise(packets.names, given)
        yield from ((packet, where) for packet in packets)


def guarded(
    packet: Mapping[str, Any], where: PacketMap, source: str, row: int, skip: Skip | None
) -> SubjectRecord | BadInput | None:
    """Return the subject of a packet, why there is none, or None if it is skipped."""
    try:
        if skip is not None and skip(external_id(packet, where)):
            return None
        with decoding(ODD):
            return subject(packet, where, source, row)
    except BadInput as bad:
        return bad.at(file=source, row=row)
