"""A listener that hangs is killed, fails, and goes on when systemd starts it again."""

import signal
import time
from datetime import timedelta

import psutil
import pytest
from django.utils import timezone

from tests.integration.streams.listener import progress, started, until
from webapp.console.watchdog import listener_responds
from webapp.streams.models import Stream

SECONDS = 180

pytestmark = pytest.mark.django_db(transaction=True)


def wait_until(condition):
    holds = until(condition, SECONDS)
    while not holds():
        time.sleep(0.05)


def test_a_stopped_listener_is_killed_and_the_next_one_stores_the_rest(cluster, alert):
    cluster.send("alerts", [alert(n) for n in range(20)])
    with started(cluster, "--watched") as watched:
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
