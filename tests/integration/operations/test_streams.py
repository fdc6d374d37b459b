"""A stream whose listener has died, or whose brokers complain, is told to administrators, the doctor and Prometheus."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.operations.alerting import alert_mails, doctor
from webapp.core.models import Backup, Heartbeat, Process
from webapp.operations.models import Alert
from webapp.streams.messages import NO_BROKER
from webapp.streams.models import Stream

pytestmark = pytest.mark.django_db
DIED = timezone.now() - timedelta(minutes=2)


@pytest.fixture(autouse=True)
def well(settings, tmp_path):
    settings.DATA, settings.METRICS_TOKEN = tmp_path, "hush"
    Heartbeat.objects.write(Process.BEAT)
    Heartbeat.objects.write(Process.WORKER)
    Backup.objects.create(address="/mnt/safe", name="20261122", files=12, size=1_000_000)


@pytest.fixture
def stream():
    """A stream that is listened to, with twelve messages at its brokers."""
    return Stream.objects.create(
        survey=sky.survey(), topic="alerts", brokers="b:1", group="g", subject_set="live", lag=1200,
        should_listen=True, heard_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def page(client, django_user_model):
    """Return a function that reads the status page."""
    client.force_login(django_user_model.objects.create_superuser("boss", "boss@example.org"))
    return lambda: client.get("/status/").content.decode()


def change(stream, **fields):
    Stream.objects.filter(pk=stream.pk).update(**fields)


def figures():
    text = Client(headers={"Authorization": "Bearer hush"}).get("/metrics/").content.decode()
    return [line for line in text.splitlines() if line.startswith("wanderers_stream_")]


def test_a_stream_that_is_heard_is_shown_with_its_lag_and_no_problem(stream, page, capsys, mailoutbox):
    shown = page()
    for words in (">sky: alerts</a>", "listening", "1,200", 'href="/surveys/sky/streams/"'):
        assert words in shown
    said, is_well = doctor(capsys)
    assert is_well
    assert "Stream alerts of sky: listening, heard" in said
    assert "1,200 messages wait" in said
    assert alert_mails(mailoutbox) == []
    assert 'wanderers_stream_healthy{survey="sky",topic="alerts"} 1.0' in figures()
    assert 'wanderers_stream_lag_messages{survey="sky",topic="alerts"} 1200.0' in figures()


def test_a_listener_that_died_is_told_once_and_when_it_is_back(stream, page, capsys, mailoutbox):
    change(stream, heard_at=DIED)
    words = f"The listener of alerts for sky has been silent since {DIED:%Y-%m-%d %H:%M} UTC. Start it again."
    assert words in page()
    said, is_well = doctor(capsys)
    assert not is_well
    assert words in said
    assert [words in body for body in alert_mails(mailoutbox)] == [True]
    assert Alert.objects.get().key == f"stream:{stream.pk}"
    assert 'wanderers_stream_healthy{survey="sky",topic="alerts"} 0.0' in figures()
    change(stream, heard_at=timezone.now())
    assert len(alert_mails(mailoutbox)) == 2
    assert mailoutbox[1].subject == "Wanderers: problems resolved"


@pytest.mark.parametrize(
    ("poll_seconds", "silence", "is_heard"),
    [(None, 5, True), (None, 60, False), (30.0, 60, True), (30.0, 200, False), (600.0, 1500, True), (1.0, 5, True)],
)
def test_a_listener_that_polls_is_silent_after_several_polls(stream, page, capsys, poll_seconds, silence, is_heard):
    change(stream, poll_seconds=poll_seconds, heard_at=timezone.now() - timedelta(seconds=silence))
    assert ("has been silent since" in page()) != is_heard
    said, is_well = doctor(capsys)
    assert is_well == is_heard
    assert f"Stream alerts of sky: {'listening' if is_heard else 'silent'}, heard" in said
    assert f'wanderers_stream_healthy{{survey="sky",topic="alerts"}} {float(is_heard)}' in figures()


def test_brokers_that_complain_are_told(stream, page, capsys, mailoutbox):
    change(stream, trouble=NO_BROKER)
    words = f"alerts for sky: {NO_BROKER}"
    assert words in page()
    assert words in doctor(capsys)[0]
    assert [words in body for body in alert_mails(mailoutbox)] == [True]
    assert 'wanderers_stream_healthy{survey="sky",topic="alerts"} 0.0' in figures()


def test_a_listener_that_was_told_to_stop_is_no_problem(stream, page, capsys, mailoutbox):
    change(stream, heard_at=DIED, should_listen=False, trouble=NO_BROKER)
    assert "stopped" in page()
    assert doctor(capsys)[1]
    assert alert_mails(mailoutbox) == []
    assert not [line for line in figures() if line.startswith("wanderers_stream_healthy{")]


def test_a_site_without_streams_has_no_table_of_them(page):
    assert "streams-table" not in page()
