"""An admin freezes a new test set from the page; nobody else can."""

import numpy as np
import pytest

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.learning import models

pytestmark = pytest.mark.django_db

REAL = np.arange(120) % 2 == 0


@pytest.fixture
def survey():
    survey = sky.survey("night")
    sky.workflow(survey)
    sky.make_gold(sky.subjects(survey, REAL), REAL)
    return survey


def test_an_admin_freezes_todays_gold(client, survey):
    client.force_login(member(survey, "admin"))
    answer = client.post("/surveys/night/learning/test-sets/stamp/freeze/", follow=True).content.decode()
    frozen = models.TestSet.objects.get(is_current=True)
    assert f"New test set with {frozen.size} gold subjects" in answer
    assert f"{frozen.size} gold subjects, frozen" in answer
    poor = client.post("/surveys/night/learning/test-sets/tracklet/freeze/", follow=True).content.decode()
    assert "Nothing has changed" in poor
    assert models.TestSet.objects.count() == 1


def test_nobody_else_does(client, survey):
    client.force_login(member(survey, "scientist"))
    assert client.post("/surveys/night/learning/test-sets/stamp/freeze/").status_code == 403
    assert not models.TestSet.objects.exists()
