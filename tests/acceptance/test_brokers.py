"""The same code with Redis or RabbitMQ as broker, and with an external PostgreSQL behind a proxy that ends HTTPS."""

import csv
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from kombu import Connection

from tests.acceptance.brokers import rabbitmq, redis
from tests.acceptance.cable import cable
from tests.acceptance.running_site import environment, manage, prepare, running_site
from tests.prepared import ROOT
from webapp.core import embedded_postgres

ASK = """
import time
from webapp.archive.ingest.create_run import start_ingest
from webapp.archive.models import Survey
survey = Survey.objects.create(slug="s", name="S")
run = start_ingest(survey=survey, path={path!r}, by=None)
deadline = time.monotonic() + 200
while not run.is_over and time.monotonic() < deadline:
    time.sleep(0.2)
    run.refresh_from_db()
print(run.state, run.attempts, survey.subjects.count())
"""


def manifest(folder: Path, rows: int) -> Path:
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["external_id", "kind", "image"])
        for row in range(rows):
            np.save(folder / f"{row}.npy", np.random.default_rng(row).normal(size=(8, 8)).astype("float32"))
            table.writerow([f"s{row}", "stamp", f"{row}.npy"])
    return folder / "manifest.csv"


@pytest.mark.services
def test_a_job_sent_through_rabbitmq_is_done_once(tmp_path):
    path = manifest(tmp_path / "sky", rows=12)
    with rabbitmq(tmp_path) as broker, running_site(tmp_path / "data", CELERY_BROKER_URL=broker):
        asked = manage(tmp_path / "data", "shell", "-c", ASK.format(path=str(path)), CELERY_BROKER_URL=broker)
    assert asked.stdout.split()[-3:] == ["done", "1", "12"], asked.stderr


@pytest.mark.services
def test_the_site_uses_the_redis_the_database_and_the_proxy_that_the_environment_names(tmp_path):
    prepare(tmp_path / "elsewhere", "postgres")
    url = embedded_postgres.start(tmp_path / "elsewhere" / "postgres")
    path = manifest(tmp_path / "sky", rows=3)
    with redis(tmp_path) as broker:
        named = {"DATABASE_URL": url, "CELERY_BROKER_URL": broker}
        with running_site(tmp_path / "data", HTTPS="1", ALLOWED_HOSTS="wanderers.example", **named) as site:
            asked = manage(tmp_path / "data", "shell", "-c", ASK.format(path=str(path)), **named)
            site.wait_until_up(path="/health/")
    assert asked.stdout.split()[-3:] == ["done", "1", "3"], asked.stderr
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "broker").exists()


SEND = """
import sys
from webapp.core.dispatch import _publish
for line in sys.stdin:
    _publish("tasks.ingest.nothing", (int(line),))
    print("sent", flush=True)
"""


@contextmanager
def sender(folder: Path, broker: str) -> Iterator[Callable[[int], None]]:
    """A process of the site that sends messages."""
    own = environment(folder, CELERY_BROKER_URL=broker, DJANGO_SETTINGS_MODULE="webapp.settings")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SEND], cwd=ROOT, env=own, **pipes) as process:

        def send(number: int) -> None:
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "sent\n"

        yield send
        process.stdin.close()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_whoever_starts_jobs_waits_once_and_not_for_long_for_a_broker_that_hangs(tmp_path, scheme):
    """It takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}//"
        with sender(tmp_path / "data", broker) as send:
            begun = time.monotonic()
            for number in range(20):
                send(number)
            assert time.monotonic() - begun < 15


@pytest.mark.services
@pytest.mark.parametrize("make", [rabbitmq, redis])
def test_the_site_knows_whether_its_messages_are_at_the_broker(tmp_path, make):
    ask = "from webapp.core.dispatch import app, has_messages; print(has_messages('tasks.ingest.nothing'))"
    with make(tmp_path) as broker, Connection(broker) as direct:
        own = environment(tmp_path / "data", CELERY_BROKER_URL=broker, DJANGO_SETTINGS_MODULE="webapp.settings")

        def said():
            return subprocess.run([sys.executable, "-c", ask], cwd=ROOT, env=own, capture_output=True, text=True)

        assert said().stdout == "False\n", "Nobody has ever sent one."
        with sender(tmp_path / "data", broker) as send:
            send(1)
        assert said().stdout == "True\n"
        direct.SimpleQueue("ingest").get(timeout=5).ack()
        assert said().stdout == "False\n"


@pytest.mark.services
@pytest.mark.parametrize("make", [rabbitmq, redis])
def test_a_message_whose_connection_was_lost_is_sent_again(tmp_path, make):
    """A broken connection looks whole until something is sent through it."""
    with make(tmp_path) as broker, cable(broker) as line, Connection(broker) as direct:
        queue = direct.SimpleQueue("ingest")
        through = broker.replace(f":{urlsplit(broker).port}", f":{urlsplit(line.url).port}")
        with sender(tmp_path / "data", through) as send:
            send(1)
            line.unplug()
            line.plug_in()
            send(2)
            send(3)
        assert [queue.get(timeout=5).payload[0] for _ in range(3)] == [[1], [2], [3]]
