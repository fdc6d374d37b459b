"""Every log line names its request or job, so that one request's lines can be found among all others."""

import json
import logging
import logging.config
import sys
import time

import pytest
from django.conf import settings as configured

from tasks import base_task
from tests.integration.learning import sky
from webapp.archive.models import IngestRun
from webapp.core.logs import ContextFilter, logging_config

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog):
    caplog.handler.addFilter(ContextFilter())
    yield caplog
    caplog.handler.filters.clear()


def contexts(caplog, text):
    return [record.context for record in caplog.records if text in record.getMessage()]


def test_a_requests_lines_and_its_response_have_one_number(client, lines, monkeypatch):
    monkeypatch.setattr("webapp.core.health.connection.cursor", lambda: 1 / 0)
    answer = client.get("/health/ready/", headers={"X-Request-ID": "forged-number"})
    [context] = contexts(lines, "The database does not answer")
    assert context == f"request {answer['X-Request-ID']}"
    assert "forged" not in context
    assert client.get("/health/live/")["X-Request-ID"] != answer["X-Request-ID"]


def test_a_refusal_is_logged_with_its_requests_number_and_nothing_that_was_sent(client, lines, django_user_model):
    sky.survey()
    client.force_login(django_user_model.objects.create_user("eve"))
    answer = client.post("/surveys/sky/ingest/start/", {"path": "a-secret-place"})
    assert answer.status_code == 403
    assert contexts(lines, "/surveys/sky/ingest/start/") == [f"request {answer['X-Request-ID']}"]
    assert "a-secret-place" not in lines.text


@pytest.mark.parametrize(
    ("given", "is_taken"), [("proxy-number-1", True), ("short", False), ("line\u2028break-it", False)]
)
def test_a_trusted_proxys_number_is_taken(client, settings, given, is_taken):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    answer = client.get("/health/live/", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) is is_taken


def test_a_jobs_lines_name_it(lines):
    run = IngestRun.objects.create(survey=sky.survey(), path="/nowhere", subject_set="night")

    def broken(row):
        raise RuntimeError("It broke.")

    row = IngestRun.objects.claim(run.pk)
    base_task._work(broken, row)
    assert contexts(lines, "failed.") == [f"IngestRun {run.pk}"]


def test_times_of_the_log_and_of_pages_for_strangers_are_utc():
    assert time.tzname[0] == configured.TIME_ZONE == "UTC"


def formatter_of(style):
    """Build the formatter from a fresh configuration: building one takes parts out of what it is given."""
    config = logging_config("INFO", style)
    return logging.config.DictConfigurator(config).configure_formatter(config["formatters"][style])


def test_nothing_that_is_quoted_looks_like_another_line():
    formatter = formatter_of("line")
    forged = "x\n2026-01-01 00:00:00,000 INFO webapp [-]: All is well.\r\u2028\x1b[2J"
    try:
        raise ValueError(forged)
    except ValueError:
        record = logging.makeLogRecord({"msg": "Said: %s", "args": (forged,), "exc_info": sys.exc_info()})
    ContextFilter().filter(record)
    first, *others = formatter.format(record).splitlines()
    assert "Said: x\\n2026" in first
    assert others
    assert [line for line in others if not line.startswith("  ")] == []


def test_logs_can_be_json(capsys):
    formatter = formatter_of("json")
    record = logging.makeLogRecord({"name": "webapp", "levelname": "INFO", "msg": "Hello %s", "args": ("you",)})
    ContextFilter().filter(record)
    line = json.loads(formatter.format(record))
    assert (line["message"], line["context"], line["levelname"]) == ("Hello you", "-", "INFO")
