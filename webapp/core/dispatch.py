"""Send Celery tasks by name after commit, and a filesystem broker for machines without Redis.

kombu opens a message's file where readers see it and writes to it afterwards. A worker that looks in between reads an
empty file, and ends. Here a message appears by renaming, whole or not at all, and one that is damaged nevertheless is
dropped: the row that it announced is still there, and the sweep sends another.

kombu's transport blocks while it waits, and then Celery lets its children share one pipe, whose lock a killed child
takes along: no other is ever given work again. This one is asked by the worker's event loop, as Redis and RabbitMQ are,
so that each child has a pipe of its own.
"""

import json
import logging
import os
import time
import uuid
from contextlib import suppress
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


class Channel(filesystem.Channel):
    @property
    def data_folder_in(self) -> str:
        """The folder of the messages, made again where somebody has deleted it."""
        return _made(self.transport_options["data_folder_in"])

    @property
    def data_folder_out(self) -> str:
        return _made(self.transport_options["data_folder_out"])

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # kombu's own differ
        """Put a message onto `queue`; messages are read in the order of their names."""
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        partial = folder / f".{name}"
        partial.write_text(dumps(payload))
        partial.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message from `queue`; whoever renames its file first has it."""
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
                log.warning("The message %s was cut short and is dropped; the sweep sends it again.", name)
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Remember that `queue` listens to `exchange`, in a table that exists as soon as anybody can see it."""
        table = self._exchange_file(exchange)
        if not table.exists():
            table.parent.mkdir(parents=True, exist_ok=True)
            empty = table.with_name(f".{table.name}-{uuid.uuid4()}")
            empty.write_text(json.dumps([]))
            with suppress(FileExistsError):  # another process was faster, and its table is as good
                os.link(empty, table)
            empty.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    client: Any  # kombu declares both as None, which they are not once there is a transport
    cycle: Any
    Channel = Channel
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def establish_connection(self) -> Any:
        """Connect, which here is to have a folder that messages can be put into."""
        options = self.client.transport_options
        for folder in (options["data_folder_in"], options["data_folder_out"], options["control_folder"]):
            _made(folder)
        return super().establish_connection()

    def register_with_event_loop(self, connection: Any, loop: Hub) -> None:
        """Let the worker's event loop look into the folder every `polling_interval` seconds."""
        loop.call_repeatedly(self.polling_interval, self.deliver_all)

    def deliver_all(self) -> None:
        """Hand on all messages that wait, as far as the consumers take more."""
        with suppress(Empty):
            while True:
                self.cycle.get(self._deliver)


def _made(folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    return folder


def register() -> None:
    """Let broker addresses that begin with filesystem:// mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


register()
app = Celery("wanderers")
app.config_from_object("django.conf:settings", namespace="CELERY")


def send(task: str, *args: int | str) -> None:
    """Send `tasks.QUEUE.NAME` with JSON-safe ids after commit.

    A broker that is away costs nothing but time: the row waits, and the sweep sends again.
    """
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[int | str, ...]) -> None:
    try:
        app.send_task(task, args=args, queue=task.split(".")[1], ignore_result=True, retry=False)
    except (OperationalError, OSError):
        log.warning("The broker is away; %s%s will be sent again by the sweep.", task, args, exc_info=True)
