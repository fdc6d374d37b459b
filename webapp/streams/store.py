"""Store what messages hold: pixels, rows, queue entries and the position in the topic, all or nothing.

A broker delivers at least once. Since a position commits together with the rows of all messages before it, each alert
is stored once, whatever is killed.
"""

from django.db import transaction
from django.db.models import F

from ml.io.records import BadInput
from webapp.archive.ingest.copy_rows import join_set
from webapp.archive.ingest.dedupe import other_pixels, stored_checksums, unknown
from webapp.archive.ingest.pixel_writer import PixelWriter, new_keys
from webapp.archive.ingest.store import Batch, add, set_of
from webapp.archive.ingest.synthetic_names import free_names
from webapp.archive.models import Subject, Survey
from webapp.queue.membership import enqueue_new
from webapp.streams.models import NAME_LENGTH, DeadLetter, Position, Stream
from webapp.streams.read_messages import Reading, Received

MOST_DEAD_LETTERS = 1000
"""The newest are kept, of each stream."""


@transaction.atomic
def store(stream: Stream, readings: list[Reading], writer: PixelWriter) -> int:
    """Store the readings that are new by their offsets; return how many subjects were added.

    The survey's row is locked until the commit, as by an ingest.
    """
    survey = Survey.objects.select_for_update(no_key=True).get(pk=stream.survey_id)
    fresh = _advance(stream, readings)
    candidates = [candidate for reading in fresh for candidate in reading.candidates]
    new = unknown(survey, candidates)
    free_names(survey, [candidate.record.external_id for candidate in new])
    if new:
        keys = new_keys(len(new))
        add(survey, stream.subject_set, new, writer, keys)
        enqueue_new(survey.pk, stream.subject_set, keys)
    checksums = stored_checksums(survey, candidates) if len(new) < len(candidates) else {}
    _join(survey, stream.subject_set, Batch(candidates).known_names(checksums))
    unusable = [(reading.message, bad) for reading in fresh for bad in reading.problems]
    changed = [(reading.message, bad) for reading in fresh for bad in other_pixels(reading.candidates, checksums)]
    _bury(stream, [*unusable, *changed])
    Stream.objects.filter(pk=stream.pk).update(
        messages_read=F("messages_read") + len(fresh),
        stored=F("stored") + len(new),
        known=F("known") + len(candidates) - len(new) - len(changed),
        filtered=F("filtered") + sum(reading.filtered for reading in fresh),
        refused=F("refused") + len(unusable) + len(changed),
    )
    return len(new)


def _join(survey: Survey, subject_set: str, names: list[str]) -> None:
    """Put alerts that the survey has, such as another stream's, into this one's set and queues, as an ingest does."""
    if names and join_set(set_of(survey, subject_set), names):
        known = Subject.objects.observed().filter(survey=survey, external_id__in=names)
        enqueue_new(survey.pk, subject_set, list(known.values_list("pk", flat=True)))


def _advance(stream: Stream, readings: list[Reading]) -> list[Reading]:
    """Move the positions behind the readings; return those that were not behind them already.

    In a topic without offsets, alerts are known by their names alone.
    """
    positions = Position.objects.of(stream)
    fresh = []
    for reading in readings:
        place = reading.message
        if place.offset is None:
            fresh.append(reading)
        elif place.begins_anew:
            positions[place.partition] = place.offset
            fresh.append(reading)
        elif place.offset >= positions.get(place.partition, 0):
            positions[place.partition] = place.offset + 1
            fresh.append(reading)
    Position.objects.bulk_create(
        [Position(stream=stream, partition=partition, next_offset=after) for partition, after in positions.items()],
        update_conflicts=True,
        unique_fields=["stream", "partition"],
        update_fields=["next_offset"],
    )
    return fresh


def _bury(stream: Stream, problems: list[tuple[Received, BadInput]]) -> None:
    letters = [
        DeadLetter(
            stream=stream, partition=at.partition, offset=at.offset, name=at.name[:NAME_LENGTH], reason=bad.reason
        )
        for at, bad in problems
    ]
    if letters:
        DeadLetter.objects.bulk_create(letters)
        kept = DeadLetter.objects.filter(stream=stream).values("pk")[:MOST_DEAD_LETTERS]
        DeadLetter.objects.filter(stream=stream).exclude(pk__in=kept).delete()
