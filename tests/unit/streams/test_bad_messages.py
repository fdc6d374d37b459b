"""Every bad message of a stream is a problem with its reason and a remedy, and those around it are read."""

import json
import math
from dataclasses import replace

import pytest
from confluent_kafka import KafkaError

from ml.io.alerts.filters import Filter
from ml.io.alerts.read_packets import read_packets
from ml.io.alerts.surveys import ZTF
from tests.unit.io import packets
from webapp.streams import messages
from webapp.streams.kafka import KafkaTopic
from webapp.streams.models import Stream
from webapp.streams.read_messages import Reader, Received

READER = Reader("alerts", b"", Filter(""), [])


@pytest.fixture
def message(tmp_path):
    """Return a message of a small alert of ZTF's, with other values and cutouts of levels or images."""

    def make(stamps=(1, 2, 3), **changes):
        images = [packets.image(each, 9) if isinstance(each, float | int) else each for each in stamps]
        cutouts = {
            f"cutout{name}": packets.stamp_data(each) for name, each in zip(packets.CHANNELS, images, strict=True)
        }
        return packets.write(tmp_path / "a.avro", packets.ztf(**changes) | cutouts).read_bytes()

    return make


BAD = {
    "truncated": (lambda message: message()[:-9], "cut short or damaged", "Download or export it again"),
    "nonsense": (lambda message: b"nonsense", "comes without its schema", "--schema"),
    "wrong codec": (lambda message: message().replace(b"\x08null", b"\x08lzma"), "packed with lzma", "deflate, snappy"),
    "no cutout": (lambda message: message([b"", b"", b""]), "has no cutouts", "Ask for packets with their cutouts"),
    "other size": (
        lambda message: message([1, 2, packets.image(3, 80)]), "template stamp has shape (80, 80)", "at most 63×63"
    ),
    "only NaN": (lambda message: message([math.nan] * 3), "every pixel of its stamps is NaN", "nothing to see"),
    "the future": (lambda message: message(jd=2_500_000.5), "lies in the future", "Check the field `candidate.jd`"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_message_is_named_with_its_remedy_and_the_next_is_read(name, message):
    make, reason, remedy = BAD[name]
    values = [message(), make(message), message()]
    first, bad, last = READER.read(Received(0, offset, value) for offset, value in enumerate(values))
    assert [len(reading.candidates) for reading in (first, bad, last)] == [1, 0, 1]
    (problem,) = bad.problems
    assert reason in str(problem)
    assert remedy in str(problem)


@pytest.mark.parametrize("name", ["i:objectId", "i:magtype", "i:candid"])
def test_a_text_that_no_database_stores_is_a_problem(name):
    row = {"i:candid": "1", "i:objectId": "ZTF1", "i:jd": 2460381.0, "i:fid": 1, "i:ra": 1.0, "i:dec": 1.0}
    row |= {"b:cutoutScience_stampData": [[1.0] * 9] * 9}
    bad, good = READER.read(
        Received(0, at, json.dumps(row | {name: value}).encode()) for at, value in [(0, "\ud800"), (1, "a")]
    )
    assert [len(bad.candidates), len(bad.problems), len(good.candidates), len(good.problems)] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("change", "read", "said"),
    [
        ({"facts": ("objectId",)}, 1, ""),
        ({"cutouts": {"science": "candidate.jd"}}, 0, "its science stamp has shape ()"),
        ({"history": ("candidate",)}, 1, ""),
    ],
)
def test_a_mapping_that_names_the_wrong_fields_ends_neither_a_stream_nor_a_file(message, tmp_path, change, read, said):
    mapping = replace(ZTF, **change)
    (reading,) = replace(READER, mapping=mapping).read([Received(0, 0, message())])
    assert [len(reading.candidates), len(reading.problems)] == [read, 1 - read]
    (found,) = read_packets(tmp_path / "a.avro", given=mapping)
    assert all(said in str(each) for each in [*reading.problems, found])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (KafkaError._ALL_BROKERS_DOWN, messages.NO_BROKER),
        (KafkaError._AUTHENTICATION, messages.BAD_CREDENTIALS),
        (KafkaError.SASL_AUTHENTICATION_FAILED, messages.BAD_CREDENTIALS),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, messages.NO_TOPIC),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, messages.NOT_THIS_TOPIC),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, messages.NOT_THIS_GROUP),
    ],
)
def test_what_a_broker_refuses_is_said_on_the_page(code, said):
    topic = KafkaTopic(Stream(topic="alerts", brokers="127.0.0.1:9", group="g"), log_level=0)
    topic._complain(KafkaError(code))
    trouble = topic.trouble()
    topic.close()
    assert trouble == said
