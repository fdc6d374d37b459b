"""A queue that no worker serves is on the status page, and told to the doctor, to administrators and to Prometheus."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tasks.queue_report import QueueReport
from tasks.worker import LearningTasks, app
from tests.integration.operations.alerting import alert_mails, doctor
from webapp.core.models import Backup, Heartbeat, Process, Worker
from webapp.operations.models import Alert
from webapp.operations.worker_queues import queue_problems, workers_by_queue

pytestmark = pytest.mark.django_db
SENTENCE = "No worker serves the queue training: its jobs wait."


@pytest.fixture(autouse=True)
def well(settings, tmp_path, django_user_model):
    settings.DATA, settings.METRICS_TOKEN = tmp_path, "hush"
    Heartbeat.objects.write(Process.BEAT)
    Heartbeat.objects.write(Process.WORKER)
    Backup.objects.create(address="/mnt/safe", name="20261122", files=12, size=1_000_000)
    django_user_model.objects.create_superuser("boss", "boss@example.org")


@pytest.fixture
def others():
    """Two workers that serve everything but training."""
    for name in ("celery@a 1", "celery@b 1"):
        Worker.objects.write(name, workers_by_queue().keys() - {"training"})


def row_of_training(client, django_user_model):
    client.force_login(django_user_model.objects.get(username="boss"))
    page = client.get("/status/").content.decode()
    [numbers] = re.findall(r"<code>training</code></td><td class=\"n\">(\d+)</td>", page)
    return int(numbers), SENTENCE in page


def figure():
    text = Client(headers={"Authorization": "Bearer hush"}).get("/metrics/").content.decode()
    [line] = [line for line in text.splitlines() if line.startswith('wanderers_queue_workers{queue="training"}')]
    return float(line.split()[-1])


def test_a_queue_without_a_worker_is_told_until_one_comes(others, client, django_user_model, capsys, mailoutbox):
    assert row_of_training(client, django_user_model) == (0, True)
    said, is_well = doctor(capsys)
    assert not is_well
    assert SENTENCE in said
    assert figure() == 0
    assert [SENTENCE in body for body in alert_mails(mailoutbox)] == [True]
    assert Alert.objects.get().key == "queue:training"
    Worker.objects.write("celery@c 1", ["training"])
    assert row_of_training(client, django_user_model) == (1, False)
    assert doctor(capsys)[1]
    assert figure() == 1
    assert [mail.subject for mail in mailoutbox] == ["Wanderers: new problems"]
    alert_mails(mailoutbox)
    assert mailoutbox[-1].subject == "Wanderers: problems resolved"


def test_a_worker_that_has_died_serves_nothing(others):
    Worker.objects.write("celery@c 1", ["training"])
    Worker.objects.filter(name="celery@c 1").update(seen_at=timezone.now() - 2 * settings.HEARTBEAT_LATE)
    assert workers_by_queue()["training"] == 0
    assert workers_by_queue()["sweep"] == 2


def test_without_any_worker_the_part_is_told_and_no_queue(mailoutbox):
    Heartbeat.objects.filter(process=Process.WORKER).delete()
    [body] = alert_mails(mailoutbox)
    assert "No worker has taken a task lately" in body
    assert "serves the queue" not in body


def test_every_queue_that_a_worker_can_serve_is_watched_and_has_a_task():
    LearningTasks(SimpleNamespace(app=app))
    with_tasks = {name.split(".")[1] for name in app.tasks if name.startswith("tasks.")}
    assert set(workers_by_queue()) == {queue.name for queue in app.conf.task_queues} == with_tasks


def test_workers_of_long_ago_are_forgotten():
    Worker.objects.write("celery@old 1", ["training"])
    Worker.objects.update(seen_at=timezone.now() - timedelta(days=2))
    Worker.objects.write("celery@new 1", ["training"])
    assert [row.name for row in Worker.objects.all()] == ["celery@new 1"]


def silent(name):
    Worker.objects.filter(name=name).update(seen_at=timezone.now() - 2 * settings.HEARTBEAT_LATE)
    return f"{Worker.objects.get(name=name).seen_at:%Y-%m-%d %H:%M} UTC"


def test_a_worker_that_finishes_nothing_is_named_with_the_queues_that_no_other_serves(
    others, client, django_user_model, capsys, mailoutbox
):
    Worker.objects.write("celery@c 1", ["training", "sweep"])
    since = silent("celery@c 1")
    sentence = f"The worker celery@c has finished nothing since {since}, and no other serves training: restart it."
    client.force_login(django_user_model.objects.get(username="boss"))
    assert sentence in client.get("/status/").content.decode()
    assert sentence in doctor(capsys)[0]
    assert [sentence in body for body in alert_mails(mailoutbox)] == [True]
    Worker.objects.write("celery@c 2", ["training", "sweep"])
    assert doctor(capsys)[1], "It was started again, or others do its work."


def test_the_only_worker_is_named_when_it_finishes_nothing():
    Worker.objects.write("celery@a 1", ["training", "sweep"])
    silent("celery@a 1")
    Worker.objects.write("celery@a 2", ["training"])
    since = silent("celery@a 2")
    assert list(queue_problems(workers_by_queue()).values()) == [
        f"The worker celery@a has finished nothing since {since}, and no other serves training: restart it."
    ]


class Children:
    """A worker's children, and its event loop, which asks them for a report; those that hang never answer."""

    concurrency, hostname = 2, "celery@here"

    def __init__(self, hanging):
        self.hanging, self.reports, self.hub, self.pool, self.semaphore, self.timer = hanging, 0, *[self] * 4
        self.app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=["training"])))
        self.acquire = lambda send, worker: send(worker)

    def call_soon(self, ask, worker):
        ask(worker)

    def call_repeatedly(self, seconds, ask, arguments=()):
        for _ in range(5):
            ask(*arguments)

    def apply_async(self, function, arguments, callback, error_callback):
        if self.hanging:
            self.hanging -= 1
        else:
            self.reports += 1
            callback(None)


@pytest.mark.parametrize(("hanging", "reports"), [(0, 6), (1, 5), (2, 0)])
def test_a_worker_is_asked_for_reports_while_one_child_can_answer(hanging, reports):
    children = Children(hanging)
    QueueReport(SimpleNamespace(steps=[])).register_with_event_loop(children, children)
    assert children.reports == reports
