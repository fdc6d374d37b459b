"""Label Studio beside us in one run, on this machine: its server, and a PostgreSQL of its own with our settings.

Its migrations need an extension, pg_trgm, that our embedded PostgreSQL lacks and Debian's has.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import _site
from bench.chaos.replicas import ACCOUNT, Server
from webapp.core import embedded_postgres

SETUP = Path(__file__).with_name("_label_studio.py")
PROGRAMS = Path("/usr/lib/postgresql")
WORKERS, THREADS = "2", "4"


@dataclass(frozen=True)
class LabelStudio:
    """A running Label Studio with a project: its port, the processes to watch, its project and people's tokens."""

    port: int
    process: int
    database: int
    project: int
    tokens: list[str]


@contextmanager
def label_studio(python: Path, tasks: int, people: int) -> Iterator[LabelStudio]:
    """Run Label Studio with as many processes as our web server; its own server is for development only."""
    with _database(f"label-studio-{tasks}") as database:
        environment = os.environ | _environment(database)
        made = subprocess.run(
            [python, "-P", SETUP], env=environment, input=json.dumps({"tasks": tasks, "people": people}),
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        database.execute("VACUUM ANALYZE")
        with _server(python, environment) as (port, process):
            number = database.process.pid if database.process else 0
            yield LabelStudio(port, process, number, **json.loads(made.stdout.splitlines()[-1]))


@contextmanager
def _server(python: Path, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    code = "import label_studio, pathlib; print(pathlib.Path(label_studio.__file__).parent)"
    found = subprocess.run([python, "-P", "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    port = _site._free_port()
    options = ["--interface", "wsgi", "--workers", WORKERS, "--blocking-threads", THREADS, "--log-level", "warning"]
    command = [str(python), "-m", "granian", *options, "--port", str(port), "core.wsgi:application"]
    with (_site.FOLDER / "label-studio.log").open("ab") as log:
        server = subprocess.Popen(command, cwd=found.stdout.split()[-1], env=environment, stdout=log, stderr=log)
    try:
        _site._wait_for(f"http://127.0.0.1:{port}/health/")
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def _database(name: str) -> Iterator[Server]:
    newest = max(PROGRAMS.glob("*/bin"), key=lambda folder: int(folder.parent.name), default=None)
    if newest is None:
        raise FileNotFoundError(f"Label Studio needs Debian's PostgreSQL in {PROGRAMS}: apt install postgresql.")
    _site.FOLDER.chmod(0o755)  # PostgreSQL runs as somebody else
    folder = _site.FOLDER / name / "server"
    folder.parent.mkdir()
    if os.getuid() == 0:
        shutil.chown(folder.parent, ACCOUNT, ACCOUNT)
    ours = [f"{key}={value.strip(chr(39))}" for key, value in embedded_postgres.SETTINGS.items()]
    server = Server(folder, _site._free_port(), newest, ours)
    server.make()
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _environment(database: Server) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "DJANGO_DB": "default",
        "POSTGRE_NAME": "postgres",
        "POSTGRE_HOST": "127.0.0.1",
        "POSTGRE_PORT": str(database.port),
        "POSTGRE_USER": "postgres",
        "LABEL_STUDIO_BASE_DATA_DIR": str(_site.FOLDER / "label-studio"),
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
