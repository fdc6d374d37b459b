"""digest2 scores: once for the same detections, by a worker, for settled movers and for whom a scientist asks."""

import sys
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from ml.io.message import Message
from ml.sky.neo_scores import NeoScores, NotInstalled
from tasks import jobs
from tests.integration import people
from tests.integration.figures.movers import tracklet
from tests.integration.learning import sky
from webapp.archive.models import Frame
from webapp.archive.survey_settings import change_survey
from webapp.core.jobs import JobState
from webapp.exports.candidate_rows import candidate_pages
from webapp.reports.models import NeoScore, ReportSettings
from webapp.reports.neo_scores import request_scores_of_movers

pytestmark = pytest.mark.django_db


@pytest.fixture
def night():
    return sky.survey("night", observatory="T08", positive=["AST"], classes=["AST", "CR"])


@pytest.fixture
def asked(monkeypatch, tasks_in_the_tests_transaction):
    """Stand in for digest2; return the calls."""
    calls = []

    def neo_scores(*given):
        calls.append(given)
        return NeoScores({"Int": 70.0, "NEO": 71.0}, {"Int": 98.0, "NEO": 99.0}, 0.25)

    monkeypatch.setattr("webapp.reports.neo_scores.neo_scores", neo_scores)
    monkeypatch.setattr("webapp.reports.neo_scores.can_score", lambda code: code.startswith("T"))
    return calls


def test_a_scientist_asks_and_only_new_positions_are_scored_again(night, asked):
    row = tracklet(night)
    ReportSettings.objects.create(
        survey=night, submitter="A", design="R", aperture=1, catalogue="UNK", bands={"o": "Ao"}
    )
    scientist = people.browser(people.member(night, "scientist"))
    page, start = (f"/surveys/night/subjects/{row.pk}/{end}/" for end in ("motion", "digest2"))
    assert "Not computed yet" in scientist.get(page).content.decode()
    for _ in range(2):
        scientist.post(start)
        assert "A worker is computing them" in scientist.get(page).content.decode()
    jobs.score_neo(NeoScore.objects.get().pk)
    scientist.post(start)
    assert len(asked) == NeoScore.objects.count() == 1
    assert asked[0][4:] == (["Ao"] * 4, "T08")
    assert np.isfinite(asked[0][0]).all()
    shown = scientist.get(page)
    assert shown.context["neo_classes"] == [("Int", 70.0, 98.0), ("NEO", 71.0, 99.0)]
    assert "have changed since" not in shown.content.decode()
    Frame.objects.filter(subject=row, position=1).update(dec=5.01)
    assert "have changed since" in scientist.get(page).content.decode()
    scientist.post(start)
    jobs.score_neo(NeoScore.objects.get().pk)
    assert len(asked) == 2


def test_settled_movers_are_scored_by_the_hour(night, asked, monkeypatch):
    mover, _bogus, _open = (tracklet(night, gold_label=label, gold_source="ruling") for label in ("AST", "CR", ""))
    for _ in range(2):
        request_scores_of_movers()
    assert [row.subject for row in NeoScore.objects.all()] == [mover]
    NeoScore.objects.all().delete()
    type(night).objects.update(observatory="250")  # in space
    request_scores_of_movers()
    assert not NeoScore.objects.exists()


def score_what_is_due():
    """Ask as every hour does, and do what was asked for; return how many scores that were."""
    request_scores_of_movers()
    waiting = list(NeoScore.objects.open().values_list("pk", flat=True))
    for key in waiting:
        jobs.score_neo(key)
    return len(waiting)


def in_the_catalogue(night):
    return [row["digest2_neo_noid"] for page in candidate_pages(night) for row in page]


def test_scores_of_other_bands_or_another_observatory_are_computed_again_and_not_exported(night, asked):
    tracklet(night, gold_label="AST", gold_source="ruling")
    assert (score_what_is_due(), score_what_is_due(), in_the_catalogue(night)) == (1, 0, [99.0])
    ReportSettings.objects.create(
        survey=night, submitter="A", design="R", aperture=1, catalogue="UNK", bands={"o": "Ao"}
    )
    assert in_the_catalogue(night) == [None]
    assert (score_what_is_due(), score_what_is_due(), in_the_catalogue(night)) == (1, 0, [99.0])
    change_survey(survey=night, observatory="T05")
    night.refresh_from_db()
    assert in_the_catalogue(night) == [None]
    assert (score_what_is_due(), score_what_is_due(), in_the_catalogue(night)) == (1, 0, [99.0])
    assert [(bands[0], code) for *_, bands, code in asked] == [("o", "T08"), ("Ao", "T08"), ("Ao", "T05")]


def test_scores_that_an_older_site_stored_stay_where_nothing_has_changed(night, asked):
    tracklet(night, gold_label="AST", gold_source="ruling")
    score_what_is_due()
    NeoScore.objects.update(setup="")  # as the upgrade leaves them
    assert (score_what_is_due(), in_the_catalogue(night), len(asked)) == (0, [99.0], 1)


def test_a_failure_is_tried_again_a_day_later(night, asked, monkeypatch):
    def refuse(*_):
        raise NotInstalled("digest2 is not installed on this worker.")

    tracklet(night, gold_label="AST", gold_source="ruling")
    with monkeypatch.context() as patch:
        patch.setattr("webapp.reports.neo_scores.neo_scores", refuse)
        assert (score_what_is_due(), score_what_is_due()) == (1, 0)
    NeoScore.objects.update(created_at=timezone.now() - timedelta(hours=23))
    assert (score_what_is_due(), score_what_is_due(), in_the_catalogue(night)) == (1, 0, [99.0])


def test_detections_that_have_no_score_are_told_so_and_no_job_fails(night, asked, monkeypatch):
    def refuse(*_):
        raise ValueError(Message("digest2 needs two detections with a position, at different times."))

    row = tracklet(night, gold_label="AST", gold_source="ruling")
    with monkeypatch.context() as patch:
        patch.setattr("webapp.reports.neo_scores.neo_scores", refuse)
        assert (score_what_is_due(), score_what_is_due()) == (1, 0)
    assert NeoScore.objects.get().state == JobState.DONE
    scientist = people.browser(people.member(night, "scientist"))
    said = scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").content.decode()
    assert "digest2 needs two detections with a position" in said
    assert "Compute digest2 scores" not in said
    row.frames.filter(position=0).update(ra=1.0)
    assert "Compute digest2 scores" in scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").content.decode()


@pytest.mark.usefixtures("tasks_in_the_tests_transaction")
def test_without_the_package_the_page_says_what_is_missing(night, monkeypatch):
    row = tracklet(night)
    for name in ("digest2", "digest2.observation"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    job = NeoScore.objects.create(subject=row)
    jobs.score_neo(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    scientist = people.browser(people.member(night, "scientist"))
    said = scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").content.decode()
    assert "digest2 is not installed on this worker" in said
    assert "Compute digest2 scores" in said
