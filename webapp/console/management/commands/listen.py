import signal
import sys
import threading
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from environs import Env
from rich.console import Console

from ml.io.alerts.avro_file import understood
from ml.io.alerts.filters import Filter
from ml.io.alerts.mapping_file import read_mapping
from ml.io.alerts.packet_map import PacketMap
from ml.io.records import BadInput
from webapp.console import notified_part, watchdog
from webapp.console.management.commands.ingest import the_survey
from webapp.core.telemetry import start_traces
from webapp.streams.apis import APIS
from webapp.streams.kafka import KafkaTopic
from webapp.streams.listen import AlreadyListening, listen
from webapp.streams.models import Stream
from webapp.streams.polling import POLL_EVERY, PolledTopic
from webapp.streams.read_messages import Reader


class Command(BaseCommand):
    help = (
        "Store the alerts of a Kafka topic, or of a broker's HTTP API, as they come. Stop it any time: it goes on "
        "where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("topic", help="of Kafka; or an API's class, such as stamp_classifier/asteroid")
        parser.add_argument("--survey", required=True, help="short name of the survey")
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--brokers", help="addresses of Kafka with ports, separated by commas")
        source.add_argument("--api", choices=sorted(APIS), help="ask this broker's API every half minute instead")
        parser.add_argument("--api-address", default="", help="where the API is, if not at its usual address")
        parser.add_argument("--group", default="", help="consumer group (default: wanderers-SURVEY)")
        parser.add_argument("--set", default="", dest="subject_set", help="the subject set to add them to")
        parser.add_argument("--where", default="", help="which alerts to store, such as: snr > 5 and band in (g, r)")
        parser.add_argument("--schema", type=Path, help="file with the schema of messages that come without one")
        parser.add_argument("--mapping", type=Path, help="file that says what the fields of an unknown survey mean")
        parser.add_argument("--create", action="store_true", help="create the survey if it does not exist")
        parser.add_argument("--watched", action="store_true", help="as a service: if it hangs, it is killed and fails")
        parser.add_argument("--probe", action="store_true", help="only ask: exit code 1 if the listener is silent")

    def handle(self, *args: Any, topic: str, survey: str, create: bool, schema: Path | None, **options: Any) -> None:
        if options["probe"]:
            sys.exit(not is_heard(topic, survey, is_polled=bool(options["api"])))
        if options["watched"]:
            sys.exit(run_watched(topic, survey, is_polled=bool(options["api"])))
        start_traces("listener")
        api = APIS[options["api"]](options["api_address"]) if options["api"] else None
        given = {
            "topic": topic,
            "brokers": api.address if api else options["brokers"],
            "group": options["group"] or f"wanderers-{survey}",
            "subject_set": options["subject_set"] or topic[:120],
            "condition": options["where"],
            "poll_seconds": POLL_EVERY if api else None,
        }
        written, mapping = the_schema(schema), the_mapping(options["mapping"])
        with transaction.atomic():  # what is refused creates no survey
            stream = the_stream(Stream(survey=the_survey(survey, create=create), **given))
        reader = Reader(topic, written, Filter(stream.condition), stream.survey.classes, mapping)
        over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: over.set())
        console = Console()
        console.print(f"Listening to {topic}. Ctrl-C stops it after the current batch.")
        source = PolledTopic(stream, api) if api else KafkaTopic(stream, **credentials())
        try:
            listen(stream, source, reader, over.is_set)
        except AlreadyListening as refused:
            raise CommandError(
                f"Another process listens to {topic} for {survey} already. Stop it first; nothing was read."
            ) from refused
        finally:
            source.close()
        stream.refresh_from_db()
        console.print(f"{stream.stored:,} stored, {stream.known:,} known, {stream.filtered:,} left out by --where,")
        console.print(f"{stream.refused:,} refused: see Streams of alerts, on the survey's tab Ingest.")
        console.print(" ".join(filter(None, [stream.trouble, "Run it again to go on."])))


def run_watched(topic: str, survey: str, *, is_polled: bool) -> int:
    """Run this command again, in a process of its own that is killed when it hangs; return its exit status."""
    command = [sys.executable, *(word for word in sys.argv if word != "--watched")]
    responds = partial(watchdog.listener_responds, survey, topic, is_polled=is_polled)
    return notified_part.run(f"listener of {topic}"[:200], f"The listener of {topic}", command, responds)


def is_heard(topic: str, survey: str, *, is_polled: bool) -> bool:
    """Return whether the listener to this topic has reported lately, as its watchdog sees it."""
    seconds = watchdog.SILENT_SECONDS
    responds = partial(watchdog.listener_responds, survey, topic, is_polled=is_polled, seconds=seconds)
    return watchdog.responds_or_unknown(responds)


def the_stream(given: Stream) -> Stream:
    """Return the survey's stream of this topic with the given settings; its counters and positions stay."""
    try:
        given.full_clean(validate_constraints=False)
    except ValidationError as error:
        raise CommandError(
            " ".join(f"{name}: {' '.join(said)}" for name, said in error.message_dict.items())
        ) from error
    settings = {name: getattr(given, name) for name in ("brokers", "group", "subject_set", "condition", "poll_seconds")}
    return Stream.objects.update_or_create(survey=given.survey, topic=given.topic, defaults=settings)[0]


def the_schema(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        text = path.read_bytes()
        understood(text)
    except (OSError, BadInput) as error:
        raise CommandError(f"{path} {error}") from error
    return text


def the_mapping(path: Path | None) -> PacketMap | None:
    try:
        return None if path is None else read_mapping(path)
    except (OSError, BadInput) as error:
        raise CommandError(f"{path} {error}") from error


def credentials() -> dict[str, str]:
    """Return librdkafka's settings for the environment's SASL credentials; nothing without KAFKA_USERNAME."""
    env = Env()
    if not env.str("KAFKA_USERNAME", ""):
        return {}
    return {
        "security.protocol": env.str("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
        "sasl.mechanism": env.str("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        "sasl.username": env.str("KAFKA_USERNAME"),
        "sasl.password": env.str("KAFKA_PASSWORD"),
    }
