"""Real brokers on free ports, stopped with the test."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kombu import Connection

from tests.acceptance.running_site import free_port

# Debian's /usr/sbin/rabbitmq-server changes to another user; the program behind it runs as whoever tests.
PROGRAMS = ("/usr/lib/rabbitmq/bin", "/usr/bin", "/usr/sbin")


def program(name: str) -> str:
    """Return the path of a program; skip if it is missing, or fail if all tests are required."""
    found = shutil.which(name, path=os.pathsep.join([*PROGRAMS, os.environ["PATH"]]))
    if found is None:
        if os.environ.get("WANDERERS_ALL_TESTS"):
            pytest.fail(f"{name} is not installed, and every test must run here.")
        pytest.skip(f"{name} is not installed on this machine.")
    return found


@contextmanager
def redis(folder: Path, *configuration: str, account: str = "") -> Iterator[str]:
    port = free_port()
    command = [
        program("redis-server"),
        *configuration,
        "--port",
        str(port),
        "--dir",
        str(folder),
        "--save",
        "",
        "--bind",
        "127.0.0.1",
    ]
    yield from _running(command, folder, dict(os.environ), f"redis://{account}127.0.0.1:{port}/0")


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    port, distribution = free_port(), free_port()
    own = {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"wanderers{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
    }
    server = program("rabbitmq-server")
    yield from _running([server], folder, dict(os.environ) | own, f"amqp://guest:guest@127.0.0.1:{port}//")


def _running(command: list[str], folder: Path, environment: dict[str, str], url: str) -> Iterator[str]:
    process = subprocess.Popen(
        command,
        cwd=folder,  # where a broker writes when it crashes
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(url, process)
        yield url
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"{process.args} ended with status {process.returncode}.")
        try:
            with Connection(url, connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=1, interval_start=0)
                return
        except Exception:  # whatever a broker that starts up answers with
            time.sleep(0.5)
    pytest.fail(f"{url} did not come up.")
