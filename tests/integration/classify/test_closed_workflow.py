"""A closed workflow thanks those who come back to it, and says where they can go on."""

import pytest

from tests.integration.people import browser
from tests.integration.world import make_workflow

pytestmark = pytest.mark.django_db


def test_a_closed_workflow_thanks_and_leads_to_its_survey_and_what_is_open():
    make_workflow(subjects=1, slug="open")
    make_workflow(subjects=1, slug="closed", is_active=False)
    reply = browser().get("/classify/closed/")
    page = reply.content.decode()
    assert reply.status_code == 404
    assert "This workflow is closed. Thank you" in page
    assert 'href="/surveys/atlas/project/"' in page
    assert 'href="/classify/open/"' in page
    assert "mistyped" not in page


def test_where_nothing_is_open_a_closed_workflow_names_nothing_else():
    make_workflow(subjects=1, slug="closed", is_active=False)
    page = browser().get("/classify/closed/").content.decode()
    assert "Thank you" in page
    assert "Open now" not in page
    assert "mistyped" in browser().get("/classify/never/").content.decode()
