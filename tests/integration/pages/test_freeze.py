"""An admin freezes a new test set from the page; nobody else can."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.learning import models
from webapp.learning.label_snapshot import path_of
from webapp.learning.test_sets import FOLDER, freeze

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


def test_the_same_gold_is_not_frozen_again(client, survey):
    client.force_login(member(survey, "admin"))
    address = "/surveys/night/learning/test-sets/stamp/freeze/"
    assert "Yes, freeze a new one" not in client.get("/surveys/night/learning/").content.decode()
    asked = client.post(address, follow=True).content.decode()
    assert "Yes, freeze a new one" in asked
    again = client.post(address, follow=True).content.decode()
    day = f"{models.TestSet.objects.get().created_at:%Y-%m-%d}"
    assert f"The gold is the same as on {day}, when the current test set was frozen. Nothing has changed." in again
    with pytest.raises(CommandError, match="The gold is the same"):
        call_command("freeze", "night", kind="stamp")
    sky.make_gold(sky.subjects(survey, REAL, prefix="new"), REAL)
    assert "New test set with" in client.post(address, follow=True).content.decode()
    assert models.TestSet.objects.count() == 2


def test_the_same_gold_is_frozen_again_where_the_file_is_lost(client, survey):
    frozen = freeze(survey=survey, kind="stamp")
    path_of(FOLDER, frozen.hash).unlink()
    client.force_login(member(survey, "admin"))
    client.post("/surveys/night/learning/test-sets/stamp/freeze/")
    assert models.TestSet.objects.count() == 2
    assert path_of(FOLDER, frozen.hash).exists()


def test_nobody_else_does(client, survey):
    client.force_login(member(survey, "scientist"))
    assert client.post("/surveys/night/learning/test-sets/stamp/freeze/").status_code == 403
    assert not models.TestSet.objects.exists()
