"""The rules and the dashboard in docker/monitoring ask for figures that the site really has."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from tests.integration.learning import sky
from webapp.classifications.models import Classification
from webapp.core.models import Backup
from webapp.operations.prometheus import SiteCollector
from webapp.operations.request_metrics import SECONDS
from webapp.volunteers.models import Volunteer

ROOT = Path(__file__).parents[3]
ASK = """
import django
django.setup()
from django.http import HttpResponse
from django.test import RequestFactory
from prometheus_client import CollectorRegistry, generate_latest
from webapp.operations import request_metrics
answer = request_metrics.measure(lambda request: HttpResponse())
answer(RequestFactory().get("/"))
collected = CollectorRegistry()
request_metrics.register(collected)
print(next(line for line in generate_latest(collected).decode().splitlines() if "_count{" in line))
"""
FOLDER = ROOT / "docker" / "monitoring"
NAME = re.compile(r"wanderers_\w+")
PROMETHEUS = {"job", "instance"}
"""The labels that Prometheus itself gives to each figure."""

pytestmark = pytest.mark.django_db


@pytest.fixture
def exposed(settings, tmp_path):
    """What Prometheus reads."""
    settings.DATA = tmp_path
    survey = sky.survey()
    workflow = sky.workflow(survey)
    [row] = sky.subjects(survey, [True])
    Classification.objects.create(
        id="00000000-0000-4000-8000-000000000000",
        volunteer=Volunteer.objects.create(),
        workflow=workflow,
        subject=row,
        answer="yes",
        is_counted=True,
    )
    Backup.objects.create(address="/mnt/safe", name=str(timezone.now()), files=1, size=1)
    settings.METRICS_TOKEN = "hush"
    client = Client(headers={"Authorization": "Bearer hush"})
    client.get("/metrics/")
    return client.get("/metrics/").content.decode()


@pytest.fixture
def figures(exposed):
    return set(NAME.findall(exposed))


def test_alert_rules_name_figures_of_the_site(figures):
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    asked = {name for rule in group["rules"] for name in NAME.findall(rule["expr"])}
    assert asked
    assert asked <= figures
    assert all("record" in rule or rule["annotations"]["summary"] for rule in group["rules"])


def test_the_rules_take_each_figure_as_what_it_is(exposed):
    """A gauge that falls is no counter that began anew: `increase` would say that a job has failed at each retry."""
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposed, re.M))
    rules = (FOLDER / "alerts.yaml").read_text() + (FOLDER / "dashboard.json").read_text()
    asked = re.findall(r"(rate|increase|delta)\((wanderers_\w+?)(?:_bucket|_count|_sum)?[{\[]", rules)
    assert {function for function, _ in asked} >= {"rate", "delta"}
    for function, name in asked:
        assert (kinds[name] == "gauge") == (function == "delta"), name


def test_legends_sentences_and_filters_name_labels_that_their_figures_have(settings, tmp_path):
    """A label that no figure has is an empty legend, or a rule that never fires, and no program says so."""
    settings.DATA = tmp_path
    Backup.objects.create(address="/mnt/safe", name="new", files=1, size=1)
    labels = {family.name: {*family._labelnames} for family in SiteCollector().collect()}
    labels["wanderers_request_seconds"] = {*SECONDS._labelnames, "le"}
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    asked = [(rule["expr"], str(rule.get("annotations", ""))) for rule in group["rules"]]
    asked += [(each["expr"], each.get("legendFormat", "")) for panel in panels for each in panel["targets"]]
    for expression, words in asked:
        names = {re.sub("_(bucket|count|sum|total)$", "", name) for name in NAME.findall(expression)}
        named = re.findall(r"[{,](\w+)=", expression) + re.findall(r"\$labels\.(\w+)|{{(\w+)}}", words)
        named += [part for listed in re.findall(r"by \(([^)]*)\)", expression) for part in listed.split(", ")]
        flat = {name for each in named for name in ([each] if isinstance(each, str) else each) if name}
        known = {label for name in names for label in labels.get(name, set())}
        assert flat <= known | PROMETHEUS, (expression, words)


def test_no_figure_has_a_label_that_prometheus_itself_gives_to_each(exposed):
    labels = set(re.findall(r'[{,](\w+)="', exposed))
    assert "kind" in labels
    assert not labels & PROMETHEUS


def test_prometheus_asks_each_web_node_by_its_address_and_without_https(settings):
    settings.METRICS_TOKEN, settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = "hush", ["a.org"], True
    said = Client().get("/metrics/", HTTP_HOST="10.0.0.7:8000", headers={"Authorization": "Bearer hush"})
    assert said.status_code == 200


def test_the_dashboard_shows_every_figure_of_the_site(figures):
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in NAME.findall(target["expr"])}
    parts = {f"wanderers_request_seconds{end}" for end in ("", "_sum", "_created")}
    assert asked | parts | {"wanderers_disk_total_bytes"} == figures


def test_requests_are_counted_by_view_and_the_processes_of_a_node_together(tmp_path):
    """In a process of their own, as web processes are: the client chooses its mode when it is imported."""
    told = {"METRICS_TOKEN": "hush", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    environment = os.environ | told | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
    said = [
        subprocess.run(
            [sys.executable, "-c", ASK], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert [line.split()[-1] for line in said] == ["1.0", "2.0"]
