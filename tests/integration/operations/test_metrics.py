"""Figures for Prometheus change with what they count."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from tests.integration.learning import sky
from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def figures(settings, tmp_path):
    """Return a function that reads the figures, by name and labels."""
    settings.DATA, settings.METRICS_TOKEN = tmp_path, "hush"

    def read():
        text = Client(headers={"Authorization": "Bearer hush"}).get("/metrics/").content.decode()
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    return read


def test_classifications_of_the_last_minute_count_as_they_come_in(figures):
    workflow = sky.workflow(sky.survey())
    volunteer = Volunteer.objects.create()
    now = timezone.now()

    def classify(seconds_ago, **fields):
        [subject] = sky.subjects(workflow.survey, [True])
        row = Classification.objects.create(
            id=uuid4(), volunteer=volunteer, workflow=workflow, subject=subject, answer="yes", **fields
        )
        Classification.objects.filter(pk=row.pk).update(created_at=now - timedelta(seconds=seconds_ago))

    labels = f'survey="{workflow.survey.slug}",workflow="{workflow.slug}"'
    name = f"wanderers_classifications_last_minute{{{labels}}}"
    assert figures()[name] == 0
    classify(0, is_counted=False)
    classify(5, is_counted=True)
    classify(90, is_counted=True)
    classify(95, is_counted=False)
    classify(2, is_counted=True, withdrawn_at=now)
    found = figures()
    assert found[name] == 2
    assert found[f"wanderers_classifications_last_hour{{{labels}}}"] == 2


def test_requests_that_are_too_many_are_counted_apart_and_a_rule_tells_of_them(figures):
    client = Client()
    assert 429 in {client.post("/api/token/", {"username": "ada"}).status_code for _ in range(25)}
    refused, wrong = (
        f'wanderers_request_seconds_count{{method="POST",status="{status}",view="api:token"}}'
        for status in ("429", "4xx")
    )
    found = figures()
    assert found[refused] >= 1
    assert found[wrong] >= 1
    [group] = yaml.safe_load(Path("docker/monitoring/alerts.yaml").read_text())["groups"]
    asked = {status for rule in group["rules"] for status in re.findall(r'status="(\w+)"', rule["expr"])}
    assert asked == {"429", "5xx"}
