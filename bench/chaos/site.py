"""The site to break: `manage.py up` with a broker, and a listener on a mock Kafka topic."""

import os
import signal
import subprocess
import sys
import time

import psutil
from confluent_kafka import Producer

from bench._site import FOLDER
from bench.chaos.brokers import Broker
from bench.chaos.bucket import Bucket
from bench.chaos.replicas import Pair
from webapp.core.environment import ROOT

TOPIC, SLUG = "alerts", "chaos"


def runs(process: psutil.Process) -> bool:
    """Return whether it has not ended, whether or not anybody has asked for its status."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Site:
    """`up`, its broker and the listener; the listener is started again when it ends, as systemd would.

    The database is the embedded one, unless there is a pair of servers, and pixels lie in a folder without a bucket.
    """

    def __init__(
        self, port: int, broker: Broker, producer: Producer, pair: Pair | None = None, bucket: Bucket | None = None
    ) -> None:
        self.port, self.broker, self.pair, self.bucket = port, broker, pair, bucket
        kafka = next(iter(producer.list_topics(timeout=10).brokers.values()))
        listen = ["manage.py", "listen", TOPIC, f"--survey={SLUG}", f"--brokers={kafka.host}:{kafka.port}", "--watched"]
        self.broker.start()
        self.start()
        self.listen_command = [sys.executable, *listen]
        self.listener: subprocess.Popen[bytes] | None = None
        self.suspended: list[psutil.Process] = []

    @property
    def servers(self) -> Pair:
        """Return the database servers of a site that has a pair."""
        if self.pair is None:
            raise ValueError("This fault needs a primary and its replica.")
        return self.pair

    def start(self) -> None:
        self.up = self.manage("up", "--port", str(self.port), "--concurrency", "3")

    def kill(self) -> None:
        """Kill `up` and the listener; what they have started ends with them, and the database goes on."""
        for process in (self.listener, self.up):
            if process is not None:
                orphans = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                process.wait()
                while any(map(runs, orphans)):
                    time.sleep(0.1)

    def manage(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self._start([sys.executable, "manage.py", *arguments], own_database=True)

    def keep_listening(self) -> None:
        """Start the listener unless it runs."""
        if self.listener is None or self.listener.poll() is not None:
            self.listener = self._start(self.listen_command, own_database=False)

    def end(self) -> None:
        for process in (self.listener, self.up):
            if process is not None:
                process.send_signal(signal.SIGINT)
                process.wait(60)
        self.broker.stop()

    def _start(self, command: list[str], *, own_database: bool) -> subprocess.Popen[bytes]:
        environment = os.environ | {"CELERY_BROKER_URL": self.broker.url}
        if self.bucket:
            environment |= self.bucket.environment
        if self.pair:
            environment["DATABASE_URL"] = self.pair.url
        elif own_database:
            del environment["DATABASE_URL"]
        with (FOLDER / "chaos.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def process(self, name: str) -> psutil.Process:
        """Return one of the site's processes by its name in the table."""
        if name == "database":
            return psutil.Process(int((FOLDER / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
        if name == "listener" and self.listener is not None:
            return self._listening(self.listener)
        words, is_child = {
            "web server": ("granian", False), "web process": ("granian", True), "worker": ("tasks.worker", False),
            "worker process": ("tasks.worker", True), "beat": ("tasks.beat", False),
        }[name]  # fmt: skip
        (parent,) = (each for each in psutil.Process(self.up.pid).children() if words in " ".join(each.cmdline()))
        ours = [each for each in parent.children() if "resource_tracker" not in " ".join(each.cmdline())]
        return ours[0] if is_child else parent

    def _listening(self, watched: subprocess.Popen[bytes]) -> psutil.Process:
        """Return the process that the watched one starts; wait until it has."""
        while not (children := psutil.Process(watched.pid).children()):
            time.sleep(0.1)
        return children[0]

    def resume(self) -> bool:
        """Resume processes that still hang, before the next fault; return whether there were any."""
        left = [each for each in self.suspended if each.is_running() and each.status() == psutil.STATUS_STOPPED]
        for each in left:
            each.resume()
        self.suspended = []
        return bool(left)
