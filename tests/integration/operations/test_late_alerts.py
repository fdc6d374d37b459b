"""Administrators are told, once, although no worker is there to tell them."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tasks.housekeeping import check_alerts
from tests.integration.operations.webhook import webhook
from webapp.console import watchdog
from webapp.core.models import Heartbeat, Process
from webapp.operations import alerts
from webapp.operations.models import Alert

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 60.0


@pytest.fixture
def quick(monkeypatch):
    """Minutes pass at once."""
    monkeypatch.setattr(alerts, "LATE", timedelta(milliseconds=1))
    monkeypatch.setattr(alerts, "PERSISTS", timedelta(0))
    monkeypatch.setattr(watchdog, "ALERTS_PAUSE", timedelta(milliseconds=1))


def wait_until(holds):
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_site_whose_workers_and_beat_are_dead_tells_its_administrators_once(quick, settings):
    with webhook() as (settings.ALERT_WEBHOOK, received):
        with watchdog.watching():
            wait_until(lambda: received)
            parts = Alert.objects.filter(key__in=["part:beat", "part:worker"])
            wait_until(lambda: parts.filter(told_by__contains=["webhook"]).count() == 2)
            Heartbeat.objects.write(Process.BEAT)
            Heartbeat.objects.write(Process.WORKER)
            wait_until(lambda: not parts.filter(ended_at=None).exists())
        wait_until(lambda: "alerts" not in {thread.name for thread in threading.enumerate()})
    told = "\n".join(each["text"] for each in received)
    assert told.count("Over: No worker has taken a task lately") == 1
    assert told.count("No worker has taken a task lately: jobs wait.") == 2, "once, and once that it is over"
    assert told.count("Beat has not reported lately") == 2


def test_two_parts_that_look_at_once_send_one_message(quick, settings):
    """The second looks while the first waits for its webhook."""

    def look_too():
        if not second:
            second.append(alerts.check())
            connection.close()

    second = []
    with webhook(look_too) as (settings.ALERT_WEBHOOK, received):
        alerts.check()
        wait_until(lambda: second)
    assert len(received) == 1
    assert Alert.objects.exclude(told_by__contains=["webhook"]).count() == 0


def test_while_workers_look_for_problems_the_watchdog_leaves_it_to_them():
    check_alerts()
    Alert.objects.all().delete()
    alerts.check_if_late()
    assert not Alert.objects.exists()
    Heartbeat.objects.filter(process=Process.ALERTS).update(seen_at=timezone.now() - timedelta(minutes=4))
    alerts.check_if_late()
    assert Alert.objects.filter(key="part:worker").exists(), "there are workers, but all of them are busy or wedged"
