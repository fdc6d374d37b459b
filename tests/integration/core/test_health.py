"""/health/ reports unhealthy parts, /health/live/ only that the process responds; neither reveals secrets."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from tests.acceptance.running_site import free_port
from webapp.archive.models import IngestRun, Survey
from webapp.core.models import Heartbeat, Process

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def everything_is_well():
    Heartbeat.objects.write(Process.BEAT)
    Heartbeat.objects.write(Process.WORKER)


def grow_old(process):
    Heartbeat.objects.filter(process=process).update(seen_at=timezone.now() - timedelta(minutes=10))


def ill(client):
    """The unhealthy parts in the response, with their messages."""
    answer = client.get("/health/")
    told = answer.json()
    found = {part: words for part, words in told["parts"].items() if words != "ok"}
    assert answer.status_code == (503 if found else 200)
    assert told["status"] == (" ".join(found.values()) or "ok")
    return found


def test_a_site_that_is_well_says_so_of_each_part(client):
    assert ill(client) == {}
    parts = client.get("/health/").json()["parts"]
    assert list(parts) == ["database", "broker", "cache", "disk", "beat", "worker"]


def test_a_site_whose_beat_has_never_reported_is_ill(client):
    Heartbeat.objects.filter(process=Process.BEAT).delete()
    assert ill(client) == {"beat": "Beat has not reported lately: scheduled jobs don't start."}


@pytest.mark.parametrize("process", [Process.BEAT, Process.WORKER])
def test_a_silent_process_is_named_until_it_reports_again(client, process):
    grow_old(process)
    assert list(ill(client)) == [process]
    Heartbeat.objects.write(Process(process))
    assert ill(client) == {}


def test_a_heartbeat_from_before_the_clock_was_set_back_is_no_sign_of_life(client):
    Heartbeat.objects.filter(process=Process.BEAT).update(seen_at=timezone.now() + timedelta(hours=1))
    assert list(ill(client)) == ["beat"]


def test_workers_that_are_busy_with_long_jobs_are_well(client):
    grow_old(Process.WORKER)
    survey = Survey.objects.create(slug="atlas", name="ATLAS")
    run = IngestRun.objects.create(survey=survey, path="night", subject_set="night")
    IngestRun.objects.claim(run.pk)
    assert ill(client) == {}
    IngestRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert list(ill(client)) == ["worker"]


def test_a_dead_redis_is_the_brokers_illness_and_its_address_stays_a_secret(client, monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", f"redis://:hush@127.0.0.1:{free_port()}/0")
    assert ill(client) == {"broker": "The broker does not answer."}


def test_a_cache_that_is_away_is_named(client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "webapp.core.shared_cache.SignedRedis",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/1",
        }
    }
    assert ill(client) == {"cache": "The cache does not answer."}


def test_a_disk_that_is_nearly_full_is_named_before_it_is_full(client, settings):
    settings.MIN_FREE = 2**60
    assert ill(client) == {"disk": "The disk of the data folder is nearly full."}


def test_a_disk_of_the_pixels_that_is_nearly_full_is_named(client, settings):
    settings.PIXELS = "/proc"  # a disk of its own, without any space
    assert ill(client) == {"disk": "The disk of the pixels is nearly full."}
    settings.PIXELS = "s3://bucket/pixels"
    assert ill(client) == {}


def test_a_database_that_is_away_is_named_and_the_process_is_still_alive(client, monkeypatch):
    def refuse(*args, **kwargs):
        raise DatabaseError("connection to postgresql://wanderers:hush@elsewhere failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == "The database does not answer."
    assert "hush" not in answer.content.decode()
    assert client.get("/health/live/").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "path", ["/health/", "/health/live/", "/health/ready/", "/health", "/health/live", "/health/ready"]
)
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "127.0.0.1:8000", "[fd00::7]:8000"])
def test_machines_ask_by_address_and_without_https(client, settings, path, host):
    settings.ALLOWED_HOSTS = ["wanderers.example"]
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path, HTTP_HOST=host)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert client.get("/", HTTP_HOST=host).status_code == 400, "people do not"


@pytest.mark.parametrize("path", ["/health//", "/healthy", "/health/live/now", "health"])
def test_nothing_else_is_taken_for_a_question_about_health(client, path):
    assert client.get(path).status_code == 404
