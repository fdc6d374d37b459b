"""Pages of the desk while their rows are ruled on, and without a champion."""

import pytest

from tests.integration.people import member
from tests.integration.review.disagreements import DESK, disagreements
from webapp.learning.models import Checkpoint
from webapp.review import queue_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(client):
    survey = disagreements()
    client.force_login(member(survey, "scientist"))
    return survey


@pytest.mark.parametrize("sort", ["-gap", "-votes", "-changed_at", "-p_real"])
def test_after_the_last_page_the_list_begins_again_with_what_was_left(survey, client, sort, monkeypatch):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 4)
    first = client.get("/surveys/night/review/", {"queue": "disagreements", "sort": sort}).context
    second = client.get(f"/surveys/night/review/?{first['next']}").context
    assert (len(first["rows"]), len(second["rows"]), second["next"]) == (4, 2, "")
    for each in second["rows"]:
        address = f"/surveys/night/review/{second['workflow'].slug}/{each['row'].subject_id}/rule/"
        client.post(address, {"verdict": "no"})
    again = client.get(f"/surveys/night/review/?{first['next']}").context["rows"]
    assert [each["row"] for each in again] == [each["row"] for each in first["rows"]]
    assert client.get(f"{DESK}&after=nonsense").context["total"] == 4


def test_without_a_champion_the_page_says_what_is_missing(survey, client):
    Checkpoint.objects.update(is_champion=False)
    assert "There is no champion for" in client.get(f"{DESK}&after=1:0.5").content.decode()
