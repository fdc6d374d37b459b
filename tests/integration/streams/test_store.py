"""What messages hold is stored once, with everything that belongs to it, or not at all."""

import pytest
from django.conf import settings

from ml.io.alerts.filters import Filter
from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from webapp.archive.ingest.pixel_writer import PixelWriter
from webapp.archive.models import Subject, SubjectSet
from webapp.queue.models import QueueEntry
from webapp.streams import store as storing
from webapp.streams.models import DeadLetter, Position, Stream
from webapp.streams.read_messages import Reader, Received
from webapp.streams.store import store

pytestmark = pytest.mark.django_db


@pytest.fixture
def keep(stream, reader):
    def keep_messages(*values, first=0, partition=0, reader=reader):
        messages = [Received(partition, first + n, value) for n, value in enumerate(values)]
        writer = PixelWriter(PixelStore(settings.PIXELS), stream.survey)
        store(Stream.objects.get(), reader.read(messages), writer)
        return Stream.objects.get()

    return keep_messages


def counters(stream):
    names = ("messages_read", "stored", "known", "filtered", "refused")
    return tuple(getattr(stream, name) for name in names)


def test_alerts_get_pixels_rows_and_queue_entries(keep, alert, stream):
    workflow = sky.workflow(stream.survey)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=stream.survey, name="live"))
    assert counters(keep(alert(1), alert(2))) == (2, 2, 0, 0, 0)
    subject = Subject.objects.get(external_id="2")
    assert (subject.object_group, subject.metadata["!known object"]) == ("433", "433, 2.2″")
    pixels = PixelStore(settings.PIXELS).slab("atlas", subject.zarr_array, subject.zarr_index, subject.zarr_index + 1)
    assert pixels.shape == (1, 1, 3, 63, 63)
    assert QueueEntry.objects.filter(workflow=workflow).count() == 2
    assert Position.objects.get().next_offset == 2


def test_what_a_broker_sends_again_is_neither_stored_nor_counted_again(keep, alert):
    values = [alert(1), alert(2)]
    keep(*values)
    assert counters(keep(*values)) == (2, 2, 0, 0, 0)
    assert counters(keep(*values, alert(3))) == (3, 3, 0, 0, 0)
    assert counters(keep(alert(3), partition=1)) == (4, 3, 1, 0, 0)  # published twice


def test_an_alert_that_another_stream_has_stored_joins_this_ones_set_and_queue(keep, alert, reader, stream):
    keep(alert(1), alert(2))
    other = Stream.objects.create(survey=stream.survey, topic="others", brokers="nowhere:1", subject_set="other")
    workflow = sky.workflow(stream.survey)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=stream.survey, name="other"))
    changed = alert(4).replace(candid(4), candid(1))
    messages = [Received(0, at, value) for at, value in enumerate([alert(2), alert(3), changed])]
    assert store(other, reader.read(messages), PixelWriter(PixelStore(settings.PIXELS), stream.survey)) == 1
    assert set(workflow.queue.values_list("subject__external_id", flat=True)) == {"2", "3"}
    assert counters(Stream.objects.get(topic="others")) == (3, 1, 1, 0, 1)
    assert sorted(SubjectSet.objects.get(name="live").subjects.values_list("external_id", flat=True)) == ["1", "2"]


def test_a_name_with_other_pixels_is_refused_and_the_first_stays(keep, alert):
    first, other = alert(1), alert(2).replace(candid(2), candid(1))
    assert counters(keep(first, first, other)) == (3, 1, 1, 0, 1)
    assert counters(keep(other, alert(5), first=3)) == (5, 2, 1, 0, 2)
    assert "has the name 1, as another image has" in str(DeadLetter.objects.first().reason)


def candid(number):
    """Return an object's name and the candid after it, as Avro writes them."""
    name = f"ZTF{number}".encode()
    return b"\2" + bytes([2 * len(name)]) + name + b"\2" + bytes([2 * number])


def test_a_failure_half_way_leaves_nothing(keep, alert, monkeypatch):
    monkeypatch.setattr(storing, "_bury", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        keep(alert(1))
    monkeypatch.undo()
    assert not Subject.objects.exists()
    assert not Position.objects.exists()
    assert counters(keep(alert(1))) == (1, 1, 0, 0, 0)


def test_refused_messages_are_listed_with_the_reason(keep, alert, monkeypatch):
    monkeypatch.setattr(storing, "MOST_DEAD_LETTERS", 3)
    nonsense, cut, nowhere = b"", alert(5)[:-30], alert(6, ra=400.0)
    assert counters(keep(nonsense, cut, alert(7), nowhere, alert(8, jd=2_500_000.5), first=40)) == (5, 1, 0, 0, 4)
    found = {letter.offset: str(letter.reason) for letter in DeadLetter.objects.all()}
    assert list(found) == [44, 43, 41]  # the newest three
    assert "lies in the future" in found[44]
    assert "its ra is 400" in found[43]
    assert "cut short or damaged" in found[41]


def test_a_condition_leaves_alerts_out(keep, alert):
    reader = Reader("alerts", b"", Filter("band in (g) and snr > 5"), [])
    assert counters(keep(alert(1), alert(2, fid=1), reader=reader)) == (2, 1, 0, 1, 0)
    assert Subject.objects.get().external_id == "2"


def test_an_odd_packet_does_not_hold_up_the_stream(keep, alert, monkeypatch):
    def fail(packet, *_):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("webapp.streams.read_messages.subject", fail)
    assert counters(keep(alert(1), alert(2))) == (2, 0, 0, 0, 2)
    assert "float division by zero" in str(DeadLetter.objects.first().reason)
