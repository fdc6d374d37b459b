"""A Kafka topic, by confluent-kafka (librdkafka).

The database says where to begin, and partitions are assigned by hand: brokers hand a killed consumer's partitions on
only after its session has timed out, but this one goes on as soon as it runs again. The group's offsets serve only to
show the progress at the brokers.
"""

import time
from functools import partial
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from ml.io.records import BadInput
from webapp.core.sql import through_restarts
from webapp.streams import messages
from webapp.streams.models import Position, Stream
from webapp.streams.read_messages import Received

WAIT = 1.0
"""Seconds until messages are handed on, even if they are few."""
MAX_MESSAGE_BYTES = 2 * 1024**2
MAX_BATCH_BYTES = 32 * 1024**2
PORTION = 64
"""Messages taken from librdkafka at a time."""
NEW_PARTITIONS_AFTER = 60.0
"""Seconds between looks for new partitions."""
ANEW_SHOWN_FOR = 3600.0
"""Seconds for which a topic that was created anew is a trouble, so that somebody sees it."""

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
    """A consumer of all partitions of a stream's topic.

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
        self._next: dict[int, int] = {}
        self._looked_at = -NEW_PARTITIONS_AFTER
        self._anew_until = 0.0
        self._consumer = Consumer(
            {
                "bootstrap.servers": stream.brokers,
                "group.id": stream.group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "message.max.bytes": MAX_MESSAGE_BYTES * 2,
                "fetch.message.max.bytes": MAX_MESSAGE_BYTES,
                "queued.max.messages.kbytes": MAX_BATCH_BYTES // 1024,
                "error_cb": self._complain,
                "log_level": 0,  # librdkafka would write each attempt to reach a broker to the terminal
                **settings,
            }
        )

    def take(self, most: int) -> list[Received]:
        """Wait a moment for messages, and return them."""
        until = time.monotonic() + WAIT
        self._find_partitions()
        received: list[Received] = []
        size = 0
        while len(received) < most and size < MAX_BATCH_BYTES and (left := until - time.monotonic()) > 0:
            found = self._consume(min(PORTION, most - len(received)), left)
            received += found
            size += sum(len(message.value) for message in found if isinstance(message.value, bytes))
        if received:
            self._trouble = ""
        return received

    def _consume(self, most: int, seconds: float) -> list[Received]:
        received = []
        for message in self._consumer.consume(most, seconds):
            partition, offset = message.partition(), message.offset()
            if error := message.error():
                self._complain(error)
            elif partition is not None and offset is not None:
                received += self._jump_before(partition, offset)
                received.append(Received(partition, offset, message.value() or b""))
                self._next[partition] = offset + 1
        return received

    def _jump_before(self, partition: int, offset: int) -> list[Received]:
        """Return a problem if this is not the message that should come next.

        Either messages before it were deleted at the brokers before they were read; a gap alone does not say so:
        compacted topics and transactions have gaps too. Or the topic was created anew, and librdkafka went on from its
        beginning.
        """
        wanted = self._next.get(partition, offset)
        if offset < wanted:
            self._anew_until = time.monotonic() + ANEW_SHOWN_FOR
            return [Received(partition, offset, BadInput(messages.CREATED_ANEW), begins_anew=True)]
        if offset == wanted:
            return []
        try:
            low, _ = self._consumer.get_watermark_offsets(TopicPartition(self._stream.topic, partition), WAIT)
        except KafkaException as refused:
            self._complain(refused.args[0])
            return []
        lost = min(low, offset) - wanted
        return [Received(partition, wanted, BadInput(messages.EXPIRED(count=lost)))] if lost > 0 else []

    def commit(self, stored: list[Received]) -> None:
        """Tell the brokers that the messages are stored; if it is lost, the database still knows."""
        after = {message.partition: message.offset + 1 for message in stored if message.offset is not None}
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
        return self._trouble or (messages.CREATED_ANEW if time.monotonic() < self._anew_until else "")

    def close(self) -> None:
        self._consumer.close()

    def _find_partitions(self) -> None:
        """Go on behind the last message read from each partition, if there are any that were not there before."""
        if self._assigned and time.monotonic() - self._looked_at < NEW_PARTITIONS_AFTER:
            return
        self._looked_at = time.monotonic()
        try:
            topic = self._consumer.list_topics(self._stream.topic, WAIT).topics[self._stream.topic]
        except KafkaException as refused:
            self._complain(refused.args[0])
            return
        if topic.error:
            self._complain(topic.error)
        elif len(topic.partitions) > len(self._assigned):
            self._assign(sorted(topic.partitions), through_restarts(partial(Position.objects.of, self._stream)))

    def _assign(self, partitions: list[int], positions: dict[int, int]) -> None:
        self._next = positions | self._next
        self._assigned = [
            TopicPartition(self._stream.topic, number, self._next.get(number, OFFSET_BEGINNING))
            for number in partitions
        ]
        self._consumer.assign(self._assigned)

    def _complain(self, error: KafkaError) -> None:
        if error.code() not in _HARMLESS:
            self._trouble = _REMEDIES.get(error.code(), error.str())
