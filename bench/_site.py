"""A site for benchmarks: a fresh data folder with an embedded database, and a web server on a free port.

Import this before anything of Django: it sets the environment variables that the settings read. A folder named by the
variable BENCH_FOLDER is kept for another run.
"""

import atexit
import os
import shutil
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEPT = os.environ.get("BENCH_FOLDER")
FOLDER = Path(KEPT or tempfile.mkdtemp(prefix="wanderers-bench-"))
if not KEPT:
    atexit.register(
        shutil.rmtree, FOLDER, ignore_errors=True
    )  # registered first, so run last: after the database ended
(FOLDER / "static").mkdir(parents=True, exist_ok=True)
os.environ.pop("DATABASE_URL", None)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "webapp.settings",
    "WANDERERS_DATA": str(FOLDER),
    "SECRET_KEY": "only-for-benchmarks",
    "LOG_LEVEL": "WARNING",
    "THROTTLE_USER": "1000000/min",
    "THROTTLE_ANONYMOUS": "1000000/min",
    "THROTTLE_PAGES": "1000000/min",
    "THROTTLE_WRITES": "1000000/min",
    "THROTTLE_DOWNLOADS": "1000000/min",
}

import django  # noqa: E402

from webapp.core import embedded_postgres  # noqa: E402

embedded_postgres.ensure()
django.setup()

from django.core.management import call_command  # noqa: E402

from webapp.console.processes import web  # noqa: E402

READY_SECONDS = 30.0

call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def web_server() -> Iterator[int]:
    """Run the site's web server as `manage.py up` does; yield its port."""
    port = _free_port()
    server = web("127.0.0.1", port, FOLDER)
    server.start()
    try:
        _wait_for(f"http://127.0.0.1:{port}/health/live/")
        yield port
    finally:
        if server.process is not None:
            server.process.terminate()
            server.process.wait(15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):  # our own address
                return
        except OSError:  # refused, reset or slow: it is still starting
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
