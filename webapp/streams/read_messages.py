"""Turn messages of a stream into candidates: decode, filter, validate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ml.io.alerts.filters import Filter
from ml.io.alerts.messages import packets_of
from ml.io.alerts.packet_map import PacketMap
from ml.io.alerts.subject import ODD, facts, subject
from ml.io.limits import decoding
from ml.io.records import BadInput
from webapp.archive.ingest.prepare import Candidate, candidate


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and its place in the topic.

    Attributes
    ----------
    offset
        None in a topic without offsets.
    value
        Or why it could not be fetched.
    name
        Of the alert, where it is known beforehand.
    begins_anew
        Offsets start again here, although later ones are stored already.
    """

    partition: int
    offset: int | None
    value: bytes | BadInput
    name: str = ""
    begins_anew: bool = False


@dataclass(slots=True)
class Reading:
    """What a message holds."""

    message: Received
    candidates: list[Candidate] = field(default_factory=list)
    problems: list[BadInput] = field(default_factory=list)
    filtered: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads messages of one topic.

    Attributes
    ----------
    topic
        Its name, for the subjects' source.
    schema
        JSON schema of messages without one.
    condition
        Which alerts to store; the cutouts of others are not opened.
    classes
        The survey's.
    mapping
        What the fields mean, for packets of a survey that is not known.
    """

    topic: str
    schema: bytes
    condition: Filter
    classes: list[str]
    mapping: PacketMap | None = None

    def read(self, messages: Iterable[Received]) -> list[Reading]:
        """Read messages; what cannot be used is among the problems, and nothing is raised for it."""
        return [self._reading(message) for message in messages]

    def _reading(self, message: Received) -> Reading:
        reading = Reading(message)
        try:
            if isinstance(message.value, BadInput):
                raise message.value
            for packet, where in packets_of(message.value, self.schema, self.mapping):
                self._add(reading, packet, where)
        except BadInput as bad:
            reading.problems.append(bad)
        return reading

    def _add(self, reading: Reading, packet: Mapping[str, Any], where: PacketMap) -> None:
        try:
            with decoding(ODD):
                if self.condition.text and not self.condition(facts(packet, where)):
                    reading.filtered += 1
                    return
                record = subject(packet, where, self.topic, reading.message.offset or 0)
                reading.candidates.append(candidate(record, self.classes))
        except BadInput as bad:
            reading.problems.append(bad)
