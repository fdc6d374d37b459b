"""The scientists' home: what came in, what waits, what failed and what changed."""

import numpy as np
import pytest
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.people import others
from webapp.archive.models import IngestRun
from webapp.learning.models import Promotion, TrainingRun
from webapp.learning.scores import write_scores
from webapp.review.cases import change_case
from webapp.review.opinions import give_verdict
from webapp.review.overview import waiting

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/overview/"


@pytest.fixture(autouse=True)
def _no_remembered_figures(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def test_an_empty_survey_says_what_will_appear(survey, scientist, client):
    assert "has no workflow yet" in client.get(PAGE).content.decode()


def test_what_waits_is_counted_until_the_reader_has_ruled(workflow, subjects, scientist, vote):
    model = sky.checkpoint(workflow, is_champion=True)
    for subject in subjects[:3]:
        vote(subject, *["yes"] * 4)
    write_scores(model.pk, np.array([row.pk for row in subjects[:3]]), np.full((3, 1), 0.9), np.full(3, 0.9))
    change_case(subject=subjects[0], by=scientist, action="assign")
    assert {each.query.split("queue=")[1]: each.n for each in waiting(workflow, scientist)} == {
        "agreed": 3, "all&assigned=me": 1
    }  # fmt: skip
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    assert [each.n for each in waiting(workflow, scientist)] == [2]


def test_the_page_names_failures_promotions_missing_scores_and_new_subjects(
    survey, workflow, subjects, scientist, vote, client
):
    vote(subjects[0], "yes", "yes")
    model = sky.checkpoint(workflow, is_champion=True)
    Promotion.objects.create(checkpoint=model, reason="It is better.")
    IngestRun.objects.create(survey=survey, path="x.csv", subject_set="night one", state="done", added=1234)
    failed = {"state": "failed", "error": "The disk is full.", "finished_at": timezone.now()}
    TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp", **failed)
    other = sky.survey("other")
    IngestRun.objects.create(survey=other, path="y.csv", subject_set="s", state="failed", error="Not ours.")
    page = client.get(PAGE).content.decode()
    for words in (
        "1,234 new subjects",
        "2 classifications",
        "It is better.",
        "6 subjects have no score",
        "disk is full",
    ):
        assert words in page
    assert "Not ours." not in page


def test_only_the_surveys_scientists_see_it(survey):
    colleague, *strangers = others(survey)
    assert colleague.get(PAGE).status_code == 200
    assert [client.get(PAGE).status_code for client in strangers] == [403, 403, 302]
