"""Subjects that could not be scored are reported on the champion's card, with reason and remedy."""

import numpy as np
import pytest

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import ScoringRun, ScoringShard
from webapp.learning.promotion import promote

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/learning/"
AGAIN = PAGE + "score/stamp/"


@pytest.fixture
def survey():
    survey = sky.survey("night")
    sky.subjects(survey, np.arange(10) % 2 == 0)
    return survey


def test_an_admin_sees_what_failed_and_has_it_scored_again(client, survey):
    client.force_login(member(survey, "admin"))
    promote(checkpoint=sky.checkpoint(sky.workflow(survey)), by=None, reason="first")
    assert "no scores" not in client.get(PAGE).content.decode()
    ScoringShard.objects.update(state=JobState.FAILED, error="OSError: No space left on device")
    ScoringRun.objects.update(state=JobState.DONE)
    page = client.get(PAGE).content.decode()
    assert "1 batch of the archive has no scores: OSError: No space left on device" in page
    assert "Score missing subjects" in page
    assert "Scoring missing subjects." in client.post(AGAIN, follow=True).content.decode()
    assert "Nothing to score" in client.post(AGAIN, follow=True).content.decode()
    assert ScoringRun.objects.filter(state=JobState.QUEUED).count() == 1


def test_without_a_champion_there_is_nothing_to_score(client, survey):
    client.force_login(member(survey, "admin"))
    assert client.post(AGAIN).status_code == 404
    assert not ScoringRun.objects.exists()
