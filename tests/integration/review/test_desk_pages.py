"""Pages of the desk while their rows are ruled on, and without a champion."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import member
from tests.integration.review.disagreements import DESK, disagreements
from webapp.learning.models import Checkpoint, Score
from webapp.learning.promotion import promote
from webapp.review import queue_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(client):
    survey = disagreements()
    client.force_login(member(survey, "scientist"))
    return survey


@pytest.mark.parametrize("sort", ["-gap", "-votes", "-changed_at", "-p_model"])
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


def test_each_score_says_which_model_gave_it_even_before_a_new_champion_has_scored(survey, client):
    (model,) = Checkpoint.objects.all()
    assert client.get(DESK).content.decode().count(f"model {model.pk} · probability of yes") == 6
    subject = Score.objects.latest("p_real").subject_id
    votes = f"/surveys/night/consensus/subjects/{subject}/"
    assert f"model {model.pk}<" in client.get(votes).content.decode()
    newer = sky.checkpoint(survey.workflows.get())
    Checkpoint.objects.update(is_champion=False)
    for each in (model, newer):
        promote(checkpoint=each, by=None, reason="Better.")
    for page in (DESK, votes):
        text = client.get(page).content.decode()
        assert "0.2" in text, "the score of the model that was champion"
        assert f"model {model.pk}" in text
        assert f"model {newer.pk}" not in text
