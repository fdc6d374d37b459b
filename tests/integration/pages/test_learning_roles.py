"""The models page shows only roles that a survey's workflows use or that it has a model of."""

import pytest

from tests.acceptance.people import member
from tests.integration.learning import sky

pytestmark = pytest.mark.django_db

NAMES = {"stamp": "Stamp", "tracklet": "Tracklet", "trail": "Trail detector", "cube": "Cube detector"}


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.fixture
def page(client, survey):
    """Load the page as an admin: the response."""
    client.force_login(member(survey, "admin"))
    return lambda: client.get("/surveys/night/learning/")


def shown(response):
    """Return the roles of the champions' cards and of the test sets, which are the same."""
    champions = [str(card["name"]) for card in response.context["champions"]]
    assert [str(test_set["name"]) for test_set in response.context["test_sets"]] == champions
    text = response.content.decode()
    assert all(f"<h3>{name}" in text for name in champions)
    return champions


def test_roles_are_those_of_the_workflows_and_the_models(survey, page):
    sky.workflow(survey, kind="cutout")
    elsewhere = sky.workflow(sky.survey("elsewhere"), kind="cube")
    sky.checkpoint(elsewhere)
    assert shown(page()) == [NAMES["trail"]]
    stamps = sky.workflow(survey, kind="stamp", slug="stamps")
    sky.checkpoint(stamps)
    stamps.kind = "tracklet"
    stamps.save()
    response = page()
    assert shown(response) == [NAMES["stamp"], NAMES["tracklet"], NAMES["trail"]]
    assert "/test-sets/cutout/freeze/" in response.content.decode()
    assert "/test-sets/cube/freeze/" not in response.content.decode()


def test_only_recipes_that_suit_a_role_are_offered(survey, page):
    def offered():
        return [value for value, _ in page().context["form"].fields["preset"].choices]

    sky.workflow(survey, kind="cutout")
    assert offered() == ["detector"]
    sky.workflow(survey, kind="tracklet", slug="tracklets")
    assert offered() == ["head", "finetune", "small", "detector"]
    survey.workflows.filter(kind="cutout").update(kind="stamp")
    assert offered() == ["head", "finetune", "fixmatch", "small"]


def test_a_time_limit_is_said_to_shorten_the_recipe(survey, page):
    sky.workflow(survey)
    assert (
        "Leave empty for the whole recipe. A limit only shortens it, and the run’s page says so."
        in page().content.decode()
    )


def test_without_a_workflow_it_says_what_will_stand_there(page):
    response = page()
    assert shown(response) == []
    assert "Champions appear here." in response.content.decode()
    assert "Test sets appear here." in response.content.decode()
