"""A real Kafka protocol without a broker: librdkafka's mock cluster, in the test's own process."""

import pytest

from ml.io.alerts.filters import Filter
from tests.integration.archive.sky import make_survey
from tests.unit.io import packets
from tests.unit.io.packets import write
from webapp.streams.models import Stream
from webapp.streams.read_messages import Reader

kafka = pytest.importorskip("confluent_kafka", reason="needs the extra `streams`")


class Cluster:
    """A mock cluster, and a producer to it."""

    def __init__(self):
        self.producer = kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self.producer.list_topics(timeout=10).brokers.values()
        self.brokers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def send(self, topic, values, **where):
        for value in values:
            self.producer.produce(topic, value, **where)
        assert self.producer.flush(30) == 0


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def alert(tmp_path):
    """Return a message of a small ZTF alert: as an Avro file."""

    def make(number, **changes):
        packet = packets.ztf(**changes) | {"candid": number, "objectId": f"ZTF{number}"}
        packet |= packets.cutouts(lambda level: packets.image(level + number, 9), packets.stamp_data)
        return write(tmp_path / "alert.avro", packet).read_bytes()

    return make


@pytest.fixture
def stream(db):
    survey = make_survey()
    return Stream.objects.create(survey=survey, topic="alerts", brokers="nowhere:1", group="g", subject_set="live")


@pytest.fixture
def reader():
    return Reader("alerts", b"", Filter(""), [])
