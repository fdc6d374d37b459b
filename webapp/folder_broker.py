"""Messages as files in a folder, for a machine without a broker: kombu's own transport, safe against half a file.

kombu opens a message's file where readers see it and writes to it afterwards. A worker that looks in between reads an
empty file, and ends. Here a message appears by renaming, whole or not at all, and one that is damaged nevertheless is
dropped: the row that it announced is still there, and the sweep sends another.
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

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
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
    Channel = Channel


def register() -> None:
    """Let broker addresses that begin with filesystem:// mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
