"""The rules and the dashboard in docker/monitoring ask for figures that the site really has."""

import json
import re
from pathlib import Path

import pytest
import yaml
from django.utils import timezone

from tests.integration.learning import sky
from webapp.classifications.models import Classification
from webapp.core.models import Backup
from webapp.operations.prometheus import exposition
from webapp.volunteers.models import Volunteer

FOLDER = Path(__file__).parents[3] / "docker" / "monitoring"
NAME = re.compile(r"wanderers_\w+")

pytestmark = pytest.mark.django_db


@pytest.fixture
def figures(settings, tmp_path):
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
    return set(NAME.findall(exposition().decode()))


def test_alert_rules_name_figures_of_the_site(figures):
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    asked = {name for rule in group["rules"] for name in NAME.findall(rule["expr"])}
    assert asked
    assert asked <= figures
    assert all(rule["annotations"]["summary"] for rule in group["rules"])


def test_the_dashboard_shows_every_figure_of_the_site(figures):
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in NAME.findall(target["expr"])}
    assert asked | {"wanderers_disk_total_bytes"} == figures
