"""Pages that need a workflow link the one that creates it, for admins alone."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import browser, member

pytestmark = pytest.mark.django_db

ROLES = ("admin", "scientist")
FOR_ADMINS = ["learning/scorers/", "learning/import/"]
PAGES = ["quality/", "overview/", "review/", "consensus/", "exchange/", "training/", "learning/", *FOR_ADMINS]
LINK = '<a href="/surveys/night/workflows/new/">New workflow</a>'


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.mark.parametrize("path", PAGES)
def test_an_admin_is_led_to_a_new_workflow(survey, path):
    client = browser(member(survey, "admin"))
    assert LINK in client.get(f"/surveys/night/{path}").content.decode()
    assert client.get("/surveys/night/workflows/new/").status_code == 200


@pytest.mark.parametrize("path", [path for path in PAGES if path not in FOR_ADMINS])
def test_a_scientist_who_may_not_is_not_led_there(survey, path):
    client = browser(member(survey, "scientist"))
    page = client.get(f"/surveys/night/{path}")
    assert page.status_code == 200
    assert "workflows/new/" not in page.content.decode()
    assert client.get("/surveys/night/workflows/new/").status_code == 403


def test_an_empty_archive_leads_admins_to_ingest(survey):
    link = '<a href="/surveys/night/ingest/">Ingest images</a>'
    shown = {role: link in browser(member(survey, role)).get("/surveys/night/").content.decode() for role in ROLES}
    assert shown == {"admin": True, "scientist": False}


def test_with_a_workflow_there_is_no_such_link(survey):
    sky.workflow(survey)
    sky.workflow(survey, slug="practice", is_training=True)
    client = browser(member(survey, "admin"))
    assert not [path for path in PAGES if LINK in client.get(f"/surveys/night/{path}").content.decode()]
