"""The brokers that may break: Redis, and RabbitMQ with a folder and an epmd of its own."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kombu import Connection
from kombu.exceptions import OperationalError

DOWN_SECONDS = 3.0
START_SECONDS = 60.0
# Debian's /usr/sbin/rabbitmq-server changes to another user; the program behind it runs as whoever calls it.
RABBITMQ_PATH = "/usr/lib/rabbitmq/bin"


class Broker(Protocol):
    """What the faults need of a broker."""

    name: str
    port: int
    url: str

    @property
    def pid(self) -> int: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def empty(self) -> None: ...


def pid_of(process: subprocess.Popen[bytes] | None) -> int:
    if process is None:
        raise RuntimeError("It was not started.")
    return process.pid


def restart(broker: Broker) -> None:
    """Stop a broker, and start it three seconds later."""
    broker.stop()
    time.sleep(DOWN_SECONDS)
    broker.start()


class Redis:
    """Without persistence: after a restart it has lost all messages."""

    name = "Redis"

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.url = folder, port, f"redis://127.0.0.1:{port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return pid_of(self.process)

    def start(self) -> None:
        program = shutil.which("redis-server") or sys.exit("Install redis-server first.")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def empty(self) -> None:
        subprocess.run(["redis-cli", "-p", str(self.port), "flushall"], check=True, stdout=subprocess.DEVNULL)


class RabbitMQ:
    """As Debian installs it; its durable queues outlive a restart."""

    name = "RabbitMQ"

    def __init__(self, folder: Path, port: int, distribution: int, registry: int) -> None:
        self.folder, self.port, self.url = folder / "rabbitmq", port, f"amqp://guest:guest@127.0.0.1:{port}//"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = os.environ | {
            "PATH": os.pathsep.join((RABBITMQ_PATH, os.environ["PATH"])),
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(registry),
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",  # it may be ended although names are registered
            "RABBITMQ_NODENAME": f"chaos{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
        }

    @property
    def pid(self) -> int:
        return pid_of(self.process)

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        program = shutil.which("rabbitmq-server", path=self.environment["PATH"]) or sys.exit("Install rabbitmq-server.")
        self.process = subprocess.Popen(
            [program],
            cwd=self.folder,  # where it writes when it crashes
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                sys.exit(f"RabbitMQ did not start; its log is in {self.folder}/log.")
            time.sleep(0.5)

    def stop(self) -> None:
        """End the server and its registry of names."""
        if self.process is not None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        subprocess.run(["epmd", "-kill"], env=self.environment, capture_output=True, check=False)

    def empty(self) -> None:
        """Lose the whole data folder: queues, messages and all."""
        self.stop()
        shutil.rmtree(self.folder / "mnesia")
        self.start()

    def _answers(self) -> bool:
        with suppress(OperationalError, OSError), Connection(self.url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            return True
        return False
