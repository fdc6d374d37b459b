"""A Kafka topic, by confluent-kafka (librdkafka).

Where to begin is the database's to say: a consumer group's own offsets serve only to show its progress at the brokers.
"""

from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from webapp.streams import messages
from webapp.streams.models import Position, Stream
from webapp.streams.read_messages import Received

WAIT = 1.0  # seconds for the first message
MAX_MESSAGE_BYTES = 2 * 1024**2
DEAD_AFTER = 10_000
"""Milliseconds without a heartbeat until another listener of the group takes over a killed one's partitions."""
MAX_QUEUED_KILOBYTES = 32 * 1024
"""Messages that are fetched ahead."""

_REMEDIES = {
    KafkaError._ALL_BROKERS_DOWN: messages.NO_BROKER,
    KafkaError._TRANSPORT: messages.NO_BROKER,
    KafkaError._RESOLVE: messages.NO_BROKER,
    KafkaError._AUTHENTICATION: messages.BAD_CREDENTIALS,
    KafkaError.SASL_AUTHENTICATION_FAILED: messages.BAD_CREDENTIALS,
    KafkaError.UNKNOWN_TOPIC_OR_PART: messages.NO_TOPIC,
    KafkaError._UNKNOWN_TOPIC: messages.NO_TOPIC,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: messages.NOT_THIS_TOPIC,
    KafkaError.GROUP_AUTHORIZATION_FAILED: messages.NOT_THIS_GROUP,
}
_HARMLESS = {KafkaError._PARTITION_EOF}


class KafkaTopic:
    """One consumer of a stream's topic; several share its partitions.

    Parameters
    ----------
    stream
        Its brokers, topic and group.
    **settings
        Further settings of librdkafka, such as ``security.protocol``.
    """

    def __init__(self, stream: Stream, **settings: Any) -> None:
        self._stream = stream
        self._trouble = ""
        self._assigned: list[TopicPartition] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": stream.brokers,
                "group.id": stream.group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": DEAD_AFTER,
                "message.max.bytes": MAX_MESSAGE_BYTES * 2,
                "fetch.message.max.bytes": MAX_MESSAGE_BYTES,
                "queued.max.messages.kbytes": MAX_QUEUED_KILOBYTES,
                "error_cb": self._complain,
                **settings,
            }
        )
        self._consumer.subscribe([stream.topic], on_assign=self._begin)

    def take(self, most: int) -> list[Received]:
        """Wait a moment for messages, and return them."""
        received = []
        for message in self._consumer.consume(most, WAIT):
            partition, offset = message.partition(), message.offset()
            if error := message.error():
                self._complain(error)
            elif partition is not None and offset is not None:
                received.append(Received(partition, offset, message.value() or b""))
        if received:
            self._trouble = ""
        return received

    def commit(self, stored: list[Received]) -> None:
        """Tell the brokers that the messages are stored; if it is lost, the database still knows."""
        after: dict[int, int] = {}
        for message in stored:
            after[message.partition] = message.offset + 1
        places = [TopicPartition(self._stream.topic, partition, offset) for partition, offset in after.items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as refused:
            self._complain(refused.args[0])

    def lag(self) -> int | None:
        """Return how many messages wait at the brokers, as far as they have said."""
        waiting = []
        for place in self._consumer.position(self._assigned) if self._assigned else []:
            _, high = self._consumer.get_watermark_offsets(place, cached=True)
            if high >= 0 and place.offset >= 0:
                waiting.append(max(high - place.offset, 0))
        return sum(waiting) if waiting else None

    def trouble(self) -> str:
        return self._trouble

    def close(self) -> None:
        self._consumer.close()

    def _begin(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Go on behind the last stored message of each partition."""
        known = dict(Position.objects.filter(stream=self._stream).values_list("partition", "next_offset"))
        for place in partitions:
            place.offset = known.get(place.partition, OFFSET_BEGINNING)
        self._assigned = partitions
        consumer.assign(partitions)

    def _complain(self, error: KafkaError) -> None:
        if error.code() not in _HARMLESS:
            self._trouble = _REMEDIES.get(error.code(), error.str())
