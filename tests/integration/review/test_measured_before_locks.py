"""What takes seconds is measured before the survey is locked, for which an ingest and other admins would wait."""

import pytest
from django.db import connection

from tests.integration.at_once import at_once
from tests.integration.learning import sky
from tests.integration.people import member
from webapp.archive import survey_settings, target_leakage
from webapp.archive.models import Survey
from webapp.archive.survey_settings import change_survey
from webapp.review import class_from_tag
from webapp.review.class_from_tag import make_class

pytestmark = pytest.mark.django_db(transaction=True)
LOCKED = "SELECT FROM archive_survey WHERE id = %s FOR NO KEY UPDATE NOWAIT"


@pytest.fixture
def measured(monkeypatch):
    """The surveys that were measured while anybody else could lock them."""
    free = []

    def measure(survey):
        at_once(lock, survey.pk)
        free.append(survey.pk)
        return target_leakage.leaky_columns(survey)

    def lock(pk):
        with connection.cursor() as cursor:
            cursor.execute(LOCKED, [pk])

    for module in (survey_settings, class_from_tag):
        monkeypatch.setattr(module, "leaky_columns", measure)
    return free


def test_settings_are_saved_with_the_lock_held_briefly(measured):
    survey = sky.survey("night", classes=["CR", "AST"], positive=["AST"])
    sky.make_gold(sky.subjects(survey, [True, False]), [True, False])
    change_survey(survey=survey, name="Night")
    assert measured == [survey.pk]
    assert Survey.objects.get().name == "Night"


def test_a_class_is_made_with_the_lock_held_briefly(measured):
    survey = sky.survey("night", classes=["CR", "AST"], positive=["AST"])
    workflow = sky.workflow(survey, is_active=False)
    make_class(by=member(survey, "scientist"), workflow=workflow, label="COMET", answer="yes", examples=[])
    assert measured == [survey.pk]
    assert Survey.objects.get().positive == ["AST", "COMET"]
