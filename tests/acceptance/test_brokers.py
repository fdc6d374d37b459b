"""The same code with Redis or RabbitMQ as broker, and with an external PostgreSQL behind a proxy that ends HTTPS."""

import csv
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from kombu import Connection

from tests.acceptance.brokers import rabbitmq, redis
from tests.acceptance.cable import cable
from tests.acceptance.quick_up import NO_LEARNING
from tests.acceptance.real_worker import environment as environment_of_worker
from tests.acceptance.real_worker import running_worker
from tests.acceptance.running_site import QUICK_UP, environment, manage, prepare, running_site
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


@pytest.fixture(scope="module")
def rabbitmq_url(tmp_path_factory):
    """One server for all tests of this file: to start it takes longer than to use it."""
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["rabbitmq_url", "redis_url"])
def broker(request):
    """A broker to which nobody has sent a message."""
    url = request.getfixturevalue(request.param)
    with Connection(url) as connection:
        connection.default_channel.queue_delete("ingest")
    return url


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_job_sent_through_rabbitmq_is_done_once(rabbitmq_url, tmp_path, monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", rabbitmq_url)
    path = manifest(tmp_path / "sky", rows=12)
    ask = [sys.executable, "manage.py", "shell", "-c", ASK.format(path=str(path))]
    with running_worker(tmp_path, *NO_LEARNING):
        asked = subprocess.run(ask, cwd=ROOT, env=environment_of_worker(tmp_path), capture_output=True, text=True)
    assert asked.stdout.split()[-3:] == ["done", "1", "12"], asked.stderr


@pytest.mark.services
def test_the_site_uses_the_redis_the_database_and_the_proxy_that_the_environment_names(redis_url, tmp_path):
    prepare(tmp_path / "elsewhere", "postgres")
    url = embedded_postgres.start(tmp_path / "elsewhere" / "postgres")
    path = manifest(tmp_path / "sky", rows=3)
    named = {"DATABASE_URL": url, "CELERY_BROKER_URL": redis_url}
    proxied = {"HTTPS": "1", "ALLOWED_HOSTS": "wanderers.example"}
    with running_site(tmp_path / "data", program=QUICK_UP, WEB_WORKERS="1", **proxied, **named) as site:
        asked = manage(tmp_path / "data", "shell", "-c", ASK.format(path=str(path)), **named)
        site.wait_until_up(path="/health/")
    assert asked.stdout.split()[-3:] == ["done", "1", "3"], asked.stderr
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "broker").exists()


SENDER = """
import sys
from webapp.core.dispatch import _publish, has_messages
print("ready", flush=True)
for line in sys.stdin:
    if line == "ask\\n":
        print(has_messages("tasks.ingest.nothing"), flush=True)
    else:
        _publish("tasks.ingest.nothing", (int(line),))
        print("sent", flush=True)
"""


class Sender:
    """A process of the site that sends messages, and asks whether they are still at the broker, once it has started."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout.readline() == "ready\n"

    def send(self, number: int) -> None:
        assert self._said(str(number)) == "sent"

    def has_messages(self) -> str:
        return self._said("ask")

    def _said(self, line: str) -> str:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def sender(folder: Path, broker: str) -> Iterator[Sender]:
    own = environment(folder, CELERY_BROKER_URL=broker, DJANGO_SETTINGS_MODULE="webapp.settings")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SENDER], cwd=ROOT, env=own, **pipes) as process:
        yield Sender(process)
        process.stdin.close()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_whoever_starts_jobs_waits_once_and_not_for_long_for_a_broker_that_hangs(tmp_path, scheme):
    """It takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}//"
        with sender(tmp_path / "data", broker) as site:
            begun = time.monotonic()
            for number in range(20):
                site.send(number)
            assert time.monotonic() - begun < 15


@pytest.mark.services
def test_the_site_knows_whether_its_messages_are_at_the_broker(broker, tmp_path):
    with sender(tmp_path / "data", broker) as site, sender(tmp_path / "data", broker) as other:
        assert other.has_messages() == "False", "Nobody has ever sent one."
        site.send(1)
        deadline = time.monotonic() + 60  # the broker may take a moment
        while other.has_messages() != "True":
            assert time.monotonic() < deadline
        with Connection(broker) as direct:
            direct.SimpleQueue("ingest").get(timeout=30).ack()
        assert other.has_messages() == "False"


@pytest.mark.services
def test_a_message_whose_connection_was_lost_is_sent_again(broker, tmp_path):
    """A broken connection looks whole until something is sent through it."""
    with cable(broker) as line, Connection(broker) as direct:
        queue = direct.SimpleQueue("ingest")
        through = broker.replace(f":{urlsplit(broker).port}", f":{urlsplit(line.url).port}")
        with sender(tmp_path / "data", through) as site:
            site.send(1)
            received = [queue.get(timeout=30)]  # it has come all the way
            line.unplug()
            line.plug_in()
            site.send(2)
            site.send(3)
        received += [queue.get(timeout=30) for _ in range(2)]
        for message in received:
            message.ack()
        assert [message.payload[0] for message in received] == [[1], [2], [3]]
