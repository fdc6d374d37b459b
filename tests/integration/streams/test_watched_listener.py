"""A listener that hangs is killed, fails, and goes on when systemd starts it again."""

import shlex
import signal
import time
from datetime import timedelta

import psutil
import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from tests.integration.streams.listener import progress, started, until
from webapp.archive.models import Survey
from webapp.console.management.commands.listen import Command
from webapp.console.watchdog import listener_responds
from webapp.core.environment import ROOT
from webapp.streams.models import Stream

SECONDS = 180
IMPATIENT = """
import sys
import django
django.setup()
from django.core.management import execute_from_command_line
from webapp.console import watchdog
watchdog.PAUSE_SECONDS, watchdog.SILENT_SECONDS = 1.0, 8.0
del sys.argv[0]
execute_from_command_line(sys.argv)
"""
"""As `manage.py`, with a watchdog that waits for seconds only."""

pytestmark = pytest.mark.django_db(transaction=True)


def wait_until(condition):
    holds = until(condition, SECONDS)
    while not holds():
        time.sleep(0.05)


def test_a_stopped_listener_is_killed_and_the_next_one_stores_the_rest(cluster, alert):
    cluster.send("alerts", [alert(n) for n in range(20)])
    with started(cluster, "--watched", before=["-c", IMPATIENT]) as watched:
        wait_until(lambda: progress() == 20)
        [listener] = psutil.Process(watched.pid).children()
        listener.suspend()
        cluster.send("alerts", [alert(n) for n in range(20, 30)])
        assert watched.wait(SECONDS) != 0, "systemd sees a failure"
        assert not listener.is_running()
    with started(cluster, "--watched") as again:
        wait_until(lambda: progress() == 30)
        again.send_signal(signal.SIGTERM)
        assert again.wait(SECONDS) == 0
    stream = Stream.objects.get()
    assert (stream.stored, stream.known, stream.should_listen) == (30, 0, False)


@pytest.mark.parametrize(("seconds", "kafka", "polled"), [(1, True, True), (60, False, True), (1200, False, False)])
def test_a_listener_responds_while_it_reports_and_one_of_an_api_has_more_time(stream, seconds, kafka, polled):
    Stream.objects.update(heard_at=timezone.now() - timedelta(seconds=seconds))
    survey = stream.survey.slug
    assert listener_responds(survey, stream.topic, is_polled=False) == kafka
    assert listener_responds(survey, stream.topic, is_polled=True) == polled
    assert not listener_responds(survey, "another", is_polled=True)


def containers():
    """Return the command and the health check of each listener in docker/, as arguments of `manage.py listen`."""
    listener = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]["listen"]
    given = "'Solar System candidate' --survey ztf --api fink"
    yield [
        shlex.split(text.replace("${LISTEN:-}", given))
        for text in (listener["command"], listener["healthcheck"]["test"])
    ]
    for path in sorted((ROOT / "docker/kubernetes/streams").glob("*.yaml")):
        [listener] = yaml.safe_load(path.read_text())["spec"]["template"]["spec"]["containers"]
        yield listener["command"], listener["livenessProbe"]["exec"]["command"]


@pytest.mark.parametrize(("command", "check"), [*containers()], ids=["compose", "kubernetes"])
@pytest.mark.parametrize(("age", "status"), [(10, 0), (1200, 1)])
def test_a_container_is_healthy_while_its_listener_reports(stream, command, check, age, status):
    assert command[:3] == check[:3] == ["python", "manage.py", "listen"]
    assert command[-1] == "--watched", "one that hangs is killed, and its container starts it again"
    run, asked = (
        vars(Command().create_parser("manage.py", "listen").parse_args(words[3:])) for words in (command, check)
    )
    assert {name for name in run if run[name] != asked[name]} == {"watched", "probe", "skip_checks"}
    Survey.objects.update(slug=run["survey"])
    Stream.objects.update(topic=run["topic"], heard_at=timezone.now() - timedelta(seconds=age))
    with pytest.raises(SystemExit) as ended:
        call_command("listen", *check[3:])
    assert ended.value.code == status
