"""digest2 scores: once for the same detections, by a worker, for settled movers and for whom a scientist asks."""

import numpy as np
import pytest

from ml.sky.neo_scores import NeoScores
from tasks import jobs
from tests.integration import people
from tests.integration.figures.movers import tracklet
from tests.integration.learning import sky
from webapp.archive.models import Frame
from webapp.core.jobs import JobState
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
    monkeypatch.setattr("webapp.reports.neo_scores.can_score", lambda code: code == "T08")
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


@pytest.mark.usefixtures("tasks_in_the_tests_transaction")
def test_without_the_package_the_page_says_what_is_missing(night, monkeypatch):
    row = tracklet(night)
    monkeypatch.setattr("ml.sky.neo_scores.importlib.import_module", _missing)
    job = NeoScore.objects.create(subject=row)
    jobs.score_neo(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    scientist = people.browser(people.member(night, "scientist"))
    said = scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").content.decode()
    assert "digest2 is not installed on this worker" in said
    assert "Compute digest2 scores" in said


def _missing(name):
    raise ModuleNotFoundError(name)
