"""Send Celery tasks by name after commit, and a filesystem broker for machines without Redis.

kombu creates a message's file where readers see it and then writes to it. A worker that looks in between reads an empty
file, and exits. Here a message appears atomically, by renaming, and a damaged one is dropped: the row that it announced
still exists, and the sweep sends another.

kombu's transport blocks while it waits, and then Celery lets its children share one pipe, whose lock is lost with a
killed child, so that no other ever gets work again. This one is polled by the worker's event loop, as Redis and
RabbitMQ are, so each child has its own pipe.
"""

import json
import logging
import os
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from celery import Celery
from django.db import transaction
from kombu.asynchronous import Hub
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)
ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
"""A connection that the broker closed long ago fails when it is used next: then a new one has to be tried."""
AWAY_SECONDS = 5.0
"""After a failure no message is sent for so long: a page that starts many jobs waits once for a broker that hangs."""


class Channel(filesystem.Channel):
    @property
    def data_folder_in(self) -> str:
        """The folder of messages, recreated if it was deleted."""
        return _made(self.transport_options["data_folder_in"])

    @property
    def data_folder_out(self) -> str:
        return _made(self.transport_options["data_folder_out"])

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # kombu's own differ
        """Put a message into `queue`; messages are read in the order of their names."""
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        partial = folder / f".{name}"
        partial.write_text(dumps(payload))
        partial.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message from `queue`, claiming it by renaming its file."""
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.data_folder_in) / f".taken-{name}"
            try:
                os.rename(Path(self.data_folder_in) / name, taken)
            except FileNotFoundError:
                continue
            content = taken.read_bytes()
            taken.unlink()
            try:
                return loads(content)
            except ValueError:
                log.warning("The message %s is truncated and was dropped; the sweep sends it again.", name)
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Bind `queue` to `exchange`, in a table that is created atomically."""
        table = self._exchange_file(exchange)
        if not table.exists():
            table.parent.mkdir(parents=True, exist_ok=True)
            empty = table.with_name(f".{table.name}-{uuid.uuid4()}")
            empty.write_text(json.dumps([]))
            with suppress(FileExistsError):  # another process created the same table
                os.link(empty, table)
            empty.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    client: Any  # kombu declares both as None, but they are set once there is a transport
    cycle: Any
    Channel = Channel
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def establish_connection(self) -> Any:
        """Connect: make sure that the folder for messages exists."""
        options = self.client.transport_options
        for folder in (options["data_folder_in"], options["data_folder_out"], options["control_folder"]):
            _made(folder)
        return super().establish_connection()

    def register_with_event_loop(self, connection: Any, loop: Hub) -> None:
        """Let the worker's event loop poll the folder every `polling_interval` seconds."""
        loop.call_repeatedly(self.polling_interval, self.deliver_all)

    def deliver_all(self) -> None:
        """Deliver all waiting messages, as far as the consumers accept more."""
        with suppress(Empty):
            while True:
                self.cycle.get(self._deliver)


def _made(folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    return folder


def register() -> None:
    """Use this transport for broker URLs that begin with filesystem://."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


register()
app = Celery("wanderers")
app.config_from_object("django.conf:settings", namespace="CELERY")


def send(task: str, *args: int | str) -> None:
    """Send `tasks.QUEUE.NAME` with JSON-safe ids after commit.

    If the broker is down, only time is lost: the row waits, and the sweep sends again.
    """
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[int | str, ...]) -> None:
    if time.monotonic() < _away.until:
        return
    try:
        app.send_task(task, args=args, queue=task.split(".")[1], ignore_result=True, retry_policy=ONCE_MORE)
    except (OperationalError, OSError):
        _away.until = time.monotonic() + AWAY_SECONDS
        log.warning("The broker is down; the sweep will send %s%s again.", task, args, exc_info=True)


def has_messages(task: str) -> bool:
    """Return whether messages for the queue of a task wait at the broker; True if it cannot say."""
    with app.connection_for_read() as connection:
        try:
            connection.ensure_connection(**ONCE_MORE)
            return bool(connection.default_channel.queue_declare(task.split(".")[1], passive=True).message_count)
        except (
            connection.channel_errors
        ):  # there is no such queue: Redis forgets an empty one, and a new server has none
            return False
        except (OperationalError, *connection.connection_errors):
            return True


@dataclass
class _Away:
    """Until when, in monotonic seconds, this process takes the broker to be down."""

    until: float = 0.0


_away = _Away()
