"""Listening to a Kafka topic, through duplicates, vanished topics and kill -9."""

import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.integration.archive.sky import make_survey
from tests.integration.streams.listener import progress, started, until
from webapp.archive.models import Subject, Survey
from webapp.console.management.commands.listen import credentials
from webapp.streams.kafka import KafkaTopic
from webapp.streams.listen import LOCK, NAMESPACE, UNLOCK, AlreadyListening, listen
from webapp.streams.messages import CREATED_ANEW, NO_BROKER
from webapp.streams.models import Position, Stream
from webapp.streams.store import store

pytestmark = pytest.mark.django_db(transaction=True)


def hear(cluster, stream, reader, condition):
    Stream.objects.filter(pk=stream.pk).update(brokers=cluster.brokers)
    stream.refresh_from_db()
    topic = KafkaTopic(stream, log_level=0)
    try:
        listen(stream, topic, reader, until(condition))
    finally:
        topic.close()
    stream.refresh_from_db()


def test_all_alerts_are_stored_and_a_second_listener_goes_on(cluster, stream, reader, alert):
    cluster.send("alerts", [alert(n) for n in range(30)] + [b"nonsense"])
    hear(cluster, stream, reader, lambda: Stream.objects.get().messages_read == 31)
    assert (stream.stored, stream.refused, stream.is_listening) == (30, 1, True)
    cluster.send("alerts", [alert(n) for n in range(20, 40)])
    hear(cluster, stream, reader, lambda: Stream.objects.get().messages_read == 51)
    assert (stream.stored, stream.known) == (40, 10)
    assert Subject.objects.count() == 40
    assert sum(Position.objects.values_list("next_offset", flat=True)) == 51


def test_a_second_listener_is_refused_until_the_first_has_ended(cluster, stream, reader, monkeypatch):
    monkeypatch.setattr("webapp.streams.listen.PATIENCE", 0.0)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(LOCK, [NAMESPACE, stream.pk])
            with pytest.raises(AlreadyListening):
                hear(cluster, stream, reader, lambda: False)
            cursor.execute(UNLOCK)
    finally:
        other.close()
    hear(cluster, stream, reader, lambda: True)
    stream.refresh_from_db()
    assert stream.is_listening
    assert not stream.should_listen, "it was told to stop"


class Shortened:
    """Stands for a consumer of a topic whose first messages are gone: librdkafka's mock cluster keeps all."""

    def __init__(self, low, offsets):
        self.low, self.offsets = low, offsets

    def consume(self, most, seconds):
        return [Message(self.offsets.pop(0)) for _ in self.offsets[:most]]

    def get_watermark_offsets(self, place, timeout):
        return self.low, 100


class Message:
    def __init__(self, offset):
        self.place = offset

    def error(self):
        return None

    def partition(self):
        return 0

    def offset(self):
        return self.place

    def value(self):
        return b"x"


def test_messages_that_expired_unread_are_a_problem_with_their_count(stream, reader):
    Position.objects.create(stream=stream, partition=0, next_offset=5)
    topic = KafkaTopic(stream, log_level=0)
    topic._assign([0], Position.objects.of(stream))
    topic.close()
    topic._consumer = Shortened(42, [42, 43, 50])  # 44 to 49 were never messages of ours: a transaction's marks
    store(stream, reader.read(topic._consume(10, 1.0)), writer=None)
    letters = list(stream.dead_letters.order_by("pk").values_list("offset", "reason"))
    assert [offset for offset, _ in letters] == [5, 42, 43, 50]
    assert letters[0][1].startswith("37 messages from here on expired")
    assert Position.objects.of(stream) == {0: 51}


def test_a_topic_that_was_created_anew_is_read_from_its_beginning_and_said_to_be(cluster, stream, reader, alert):
    """Its offsets are lower than those stored for the topic that was deleted."""
    Position.objects.create(stream=stream, partition=0, next_offset=100)
    cluster.send("alerts", [alert(n) for n in range(3)], partition=0)
    hear(cluster, stream, reader, lambda: Stream.objects.get().stored == 3)
    assert stream.trouble == CREATED_ANEW
    letter = stream.dead_letters.get()
    assert (letter.offset, letter.reason) == (0, CREATED_ANEW)
    assert progress() == 3
    cluster.send("alerts", [alert(n) for n in range(2, 6)], partition=0)
    hear(cluster, stream, reader, lambda: Stream.objects.get().stored == 6)
    assert (stream.trouble, stream.dead_letters.count(), progress()) == ("", 1, 7)


def test_brokers_that_do_not_answer_are_named(stream, reader):
    Stream.objects.filter(pk=stream.pk).update(brokers="127.0.0.1:9")
    stream.refresh_from_db()
    topic = KafkaTopic(stream, log_level=0)
    try:
        wait = until(lambda: topic.trouble() != "", 30)
        while not wait():
            assert topic.take(1) == []
    finally:
        topic.close()
    assert topic.trouble() == NO_BROKER


def test_kill_9_loses_nothing_and_stores_nothing_twice(cluster, alert):
    for first in range(0, 400, 200):
        cluster.send("alerts", [alert(n % 300) for n in range(first, first + 200)])
        kill_once(cluster, until_stored(progress() + 1))
    kill_once(cluster, until_stored(400))
    stream = Stream.objects.get()
    assert (stream.messages_read, stream.stored, stream.known) == (400, 300, 100)
    assert stream.should_listen, "it was killed"
    assert Subject.objects.count() == Subject.objects.values("zarr_array", "zarr_index").distinct().count() == 300


def kill_once(cluster, enough):
    process = started(cluster)
    while not enough():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()


def until_stored(count):
    return until(lambda: progress() >= count, 120)


def test_the_command_checks_what_it_is_given(tmp_path):
    given = {"brokers": "127.0.0.1:9", "survey": "atlas"}
    with pytest.raises(CommandError, match="There is no survey"):
        call_command("listen", "alerts", **given)
    with pytest.raises(CommandError, match=r"condition: is not a condition \(invalid syntax\)"):
        call_command("listen", "alerts", where="snr >", create=True, **given)
    assert not Survey.objects.exists()
    make_survey()
    with pytest.raises(CommandError, match="condition: is not a condition"):
        call_command("listen", "alerts", where="snr >", **given)
    (tmp_path / "schema").write_text("{}")
    with pytest.raises(CommandError, match="is not a whole Avro file"):
        call_command("listen", "alerts", schema=tmp_path / "schema", **given)
    (tmp_path / "map").write_text("survey: X")
    with pytest.raises(CommandError, match="says nothing about `external_id`"):
        call_command("listen", "alerts", mapping=tmp_path / "map", **given)
    assert Survey.objects.get().streams.filter(messages_read__gt=0).count() == 0


def test_credentials_come_from_the_environment(monkeypatch):
    assert credentials() == {}
    monkeypatch.setenv("KAFKA_USERNAME", "ada")
    monkeypatch.setenv("KAFKA_PASSWORD", "hush")
    assert credentials() == {
        "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "ada",
        "sasl.password": "hush",
    }  # fmt: skip
