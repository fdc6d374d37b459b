"""The site to break: `manage.py up` with default settings, a Redis as broker, a listener on a mock Kafka topic."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from confluent_kafka import Producer

from bench._site import FOLDER
from webapp.core.environment import ROOT

TOPIC, SLUG = "alerts", "chaos"


class Site:
    """`up`, Redis and the listener; the listener is started again when it ends, as systemd would."""

    def __init__(self, port: int, redis_port: int, producer: Producer) -> None:
        self.port, self.redis_port = port, redis_port
        broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
        listen = ["manage.py", "listen", TOPIC, f"--survey={SLUG}", f"--brokers={broker.host}:{broker.port}"]
        self.redis = self._start_redis()
        self.up = self._start(
            [sys.executable, "manage.py", "up", "--port", str(port), "--concurrency", "3"], own_database=True
        )
        self.listen_command = [sys.executable, *listen]
        self.listener: subprocess.Popen[bytes] | None = None
        self.suspended: psutil.Process | None = None

    def keep_listening(self) -> None:
        """Start the listener unless it runs."""
        if self.listener is None or self.listener.poll() is not None:
            self.listener = self._start(self.listen_command, own_database=False)

    def end(self) -> None:
        for process in (self.listener, self.up, self.redis):
            if process is not None:
                process.send_signal(signal.SIGINT)
                process.wait(60)

    def _start(self, command: list[str], *, own_database: bool) -> subprocess.Popen[bytes]:
        environment = os.environ | {"CELERY_BROKER_URL": f"redis://127.0.0.1:{self.redis_port}/0"}
        if own_database:
            del environment["DATABASE_URL"]
        with (FOLDER / "chaos.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def _start_redis(self) -> subprocess.Popen[bytes]:
        program = shutil.which("redis-server") or sys.exit("Install redis-server first.")
        options = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(FOLDER)]
        return subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)

    def process(self, name: str) -> psutil.Process:
        """Return one of the site's processes by its name in the table."""
        if name == "database":
            return psutil.Process(int((FOLDER / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
        if name == "listener" and self.listener is not None:
            return psutil.Process(self.listener.pid)
        words, is_child = {
            "web server": ("granian", False), "web process": ("granian", True), "worker": ("tasks.worker", False),
            "worker process": ("tasks.worker", True), "beat": ("tasks.beat", False),
        }[name]  # fmt: skip
        (parent,) = (each for each in psutil.Process(self.up.pid).children() if words in " ".join(each.cmdline()))
        ours = [each for each in parent.children() if "resource_tracker" not in " ".join(each.cmdline())]
        return ours[0] if is_child else parent

    def resume(self) -> bool:
        """Resume a process that still hangs, before the next fault; return whether there was one."""
        left, self.suspended = self.suspended, None
        hangs = left is not None and left.is_running() and left.status() == psutil.STATUS_STOPPED
        if left is not None and hangs:
            left.resume()
        return hangs

    def restart_redis(self) -> None:
        """Restart the broker three seconds later; without persistence it has lost all messages."""
        self.redis.kill()
        self.redis.wait()
        time.sleep(3)
        self.redis = self._start_redis()

    def empty_redis(self) -> None:
        subprocess.run(["redis-cli", "-p", str(self.redis_port), "flushall"], check=True, stdout=subprocess.DEVNULL)


def kill(name: str) -> Callable[[Site], None]:
    return lambda site: site.process(name).kill()


def stop(name: str) -> Callable[[Site], None]:
    """Stop a process for good: to all others it hangs."""

    def suspend(site: Site) -> None:
        site.suspended = site.process(name)
        site.suspended.suspend()

    return suspend


def restart_database(site: Site) -> None:
    """Shut the database down in its fast way, connections and all; `up` starts it again."""
    site.process("database").send_signal(signal.SIGINT)


def fill_disk(site: Site) -> None:
    """Fill the disk of the data folder to the last byte for fifteen seconds."""
    ballast, block = FOLDER / "ballast", bytes(2**20)
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(block):
                pass
    except OSError:
        time.sleep(15)
    finally:
        ballast.unlink(missing_ok=True)


PROCESSES = ("web server", "web process", "worker", "worker process", "beat", "database")
FAULTS: dict[str, Callable[[Site], None]] = {
    **{f"kill -9 of the {name}": kill(name) for name in (*PROCESSES, "listener")},
    **{f"SIGSTOP of the {name}": stop(name) for name in PROCESSES},
    "restart of PostgreSQL": restart_database,
    "restart of Redis": Site.restart_redis,
    "Redis loses all messages": Site.empty_redis,
}
ON_SMALL_DISK = {"full disk": fill_disk}


def is_small_disk(folder: Path, most: int = 4 * 2**30) -> bool:
    """Return whether the folder's disk may be filled: a mount of its own, of a few gigabytes."""
    return shutil.disk_usage(folder).total < most
