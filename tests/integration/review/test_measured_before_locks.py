"""What takes seconds is measured before the survey is locked, for which an ingest and other admins would wait."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.at_once import at_once
from tests.integration.learning import sky
from tests.integration.people import member
from tests.integration.world import make_volunteer, vote
from webapp.archive import survey_settings, target_leakage
from webapp.archive.models import Survey
from webapp.archive.survey_settings import change_survey
from webapp.community.models import Discovery, Notification
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


def test_examples_take_no_more_statements_the_more_they_are():
    survey = sky.survey("night", classes=["CR", "AST"], positive=["AST"])
    workflow, by = sky.workflow(survey), member(survey, "scientist")
    rows = sky.subjects(survey, [True] * 9)
    sky.queue(workflow, rows)
    discoverer = make_volunteer()
    for row in rows:
        vote(discoverer, workflow, row, "yes")
    of = {"by": by, "workflow": workflow, "label": "AST", "answer": "yes"}
    counts = []
    for some in (rows[:1], rows[1:3], rows[3:]):
        with CaptureQueriesContext(connection) as asked:
            assert make_class(**of, examples=[row.pk for row in some]) == len(some)
        counts.append(len(asked))
    assert counts[1] == counts[2]
    assert Discovery.objects.count() == Notification.objects.count() == 9
