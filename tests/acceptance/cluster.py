"""A cluster of separate processes: two web nodes, three workers on queues of their own, and what they share.

Each node has its own data folder; only what docs/admin.md names lies on a shared disk.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import httpx
import psycopg
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from tests.acceptance.brokers import program
from tests.acceptance.quick_up import NO_LEARNING
from tests.acceptance.running_site import free_port
from webapp.console.processes import Child, beat, web, worker

SHARED = ("inbox", "imports", "checkpoints", "training", "training-sets", "test-sets")
PATIENCE = 120.0
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def wait_until(holds, what, seconds=PATIENCE, folder=None):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text(errors="replace")[-3000:] for path in folder.glob("*/*.log"))
            raise AssertionError(f"{what} did not come to pass in {seconds:.0f} s.\n{logs}")
        time.sleep(0.02)


def answers(port):
    """Return whether a server answers anything at this port."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/health/live/", timeout=5).status_code > 0
    return False


@contextmanager
def running(command) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def bucket(folder: Path) -> Iterator[dict[str, str]]:
    """Run an S3 server with an empty bucket; yield the settings of whoever uses it."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command):
        wait_until(lambda: answers(port), "The S3 server", folder=folder)
        settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **KEYS}
        with closing(client(settings)) as s3:
            s3.create_bucket(Bucket="sky")
        yield settings | {"PIXELS": "s3://sky/pixels"}


def client(settings):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=settings["AWS_ENDPOINT_URL"], **keys)


POOLER = """
[databases]
pooled = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 12
"""


@contextmanager
def pgbouncer(folder: Path) -> Iterator[str]:
    """Pool connections to the test's database by transaction; yield the pool's URL."""
    port, server = free_port(), conninfo_to_dict(os.environ["DATABASE_URL"])
    server["dbname"] = connection.settings_dict["NAME"]
    names = ("host", "port", "user", "password", "dbname")
    told = " ".join(f"{name}='{server[name]}'" for name in names if server.get(name))
    (folder / "pgbouncer.ini").write_text(POOLER.format(server=told, port=port))
    as_other = ["-u", Path(server["host"]).owner()] if os.getuid() == 0 else []  # it refuses to run as root
    with running([program("pgbouncer"), "-q", *as_other, str(folder / "pgbouncer.ini")]):
        url = f"postgresql://pooled@127.0.0.1:{port}/pooled"
        wait_until(lambda: _connects(url), "PgBouncer", folder=folder)
        yield url


def _connects(url):
    with suppress(psycopg.OperationalError):
        psycopg.connect(url).close()
        return True
    return False


@dataclass
class Cluster:
    """Processes by name, each with its own data folder beside the shared disk."""

    folder: Path
    settings: dict[str, str]
    stack: ExitStack
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    nodes: dict[str, Child] = field(default_factory=dict)

    def start(self, name, child, *options):
        data = self.folder / name
        data.mkdir(exist_ok=True)
        for shared in SHARED:
            (self.folder / "shared" / shared).mkdir(parents=True, exist_ok=True)
            if not (data / shared).is_symlink():
                (data / shared).symlink_to(self.folder / "shared" / shared)
        (data / "static").mkdir(exist_ok=True)
        told = [f"{key}={value}" for key, value in self.settings.items()]
        command = ["env", f"WANDERERS_DATA={data}", *told, *child.command, *options]
        self.nodes[name] = Child(name, command, data / "node.log")
        self.nodes[name].start()

    def start_worker(self, name, *queues):
        self.start(name, worker(1, self.folder), "--hostname", f"{name}@%h", *queues)

    def start_all(self):
        for name, port in zip(("web-a", "web-b"), self.ports, strict=True):
            self.start(name, web("127.0.0.1", port, self.folder), "--workers", "1")
        self.start_worker("everyday", *NO_LEARNING)
        self.start_worker("training", "-Q", "training")
        self.start_worker("scoring", "-Q", "scoring,explain")
        self.start("beat", beat(self.folder))
        for port in self.ports:
            self.wait_until(lambda port=port: answers(port), "A web node")

    def kill(self, name):
        """Kill a node and all that it has started, without a word."""
        self.nodes[name].kill()
        self.nodes[name].process.wait()

    def wait_until(self, holds, what):
        wait_until(holds, what, folder=self.folder)
