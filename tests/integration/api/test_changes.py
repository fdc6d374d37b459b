"""Lists with `updated_since`: whatever way a row changes, it comes, in the order of changes, and no page misses one."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from tests.integration.learning import sky
from webapp.api import pagination
from webapp.archive.models import IngestRun, Membership, Subject
from webapp.learning.models import Checkpoint, Evaluation, TrainingRun
from webapp.learning.models import TestSet as FrozenSet
from webapp.reports.models import Report
from webapp.review.models import Ruling, SecondOpinion

pytestmark = pytest.mark.django_db


@pytest.fixture
def night():
    return sky.survey("night")


@pytest.fixture
def ann(night):
    user = User.objects.create(username="ann")
    Membership.objects.create(user=user, survey=night, role="admin")
    return user


@pytest.fixture
def api(ann):
    client = APIClient()
    client.force_authenticate(ann)
    return client


@pytest.fixture
def rows(night):
    return sky.subjects(night, [True] * 5)


def changed(api, path, since, **more):
    reply = api.get(f"/api/{path}/", {"updated_since": since.isoformat(), **more})
    assert reply.status_code == 200, reply.json()
    return reply.json()


def ids(page):
    return [row["id"] for row in page["results"]]


def test_a_subject_that_changes_while_it_is_paged_comes_again_and_none_is_missed(api, rows):
    keys = [row.pk for row in rows]
    page = changed(api, "subjects", timezone.now() - timezone.timedelta(days=1), page_size=2)
    assert ids(page) == keys[:2]
    Subject.objects.filter(pk__in=keys[:2]).update(gold_label="yes")
    found = []
    while page["next"]:
        page = api.get(page["next"]).json()
        found += ids(page)
    assert found == keys[2:] + keys[:2]
    last = page["results"][-1]["updated_at"]
    assert last > page["results"][-1]["created_at"]
    assert ids(api.get("/api/subjects/", {"updated_since": last}).json()) == keys[1:2]


def test_jobs_models_verdicts_and_reports_come_when_they_or_their_parts_change(api, night, ann, rows):
    workflow = sky.workflow(night)
    model = sky.checkpoint(workflow)
    run = IngestRun.objects.create(survey=night, path="night", subject_set="night")
    ruling = Ruling.objects.create(subject=rows[0], workflow=workflow, scientist=ann, verdict="yes")
    report = Report.objects.create(survey=night, created_by=ann)
    test_set = FrozenSet.objects.create(survey=night, kind=workflow.kind, hash="0", size=1)
    parts = {
        "training-runs": lambda: TrainingRun.objects.filter(pk=model.run_id).update(done=3),
        "ingest-runs": lambda: IngestRun.objects.filter(pk=run.pk).update(done=3),
        "checkpoints": lambda: Evaluation.objects.create(checkpoint=model, test_set=test_set, metrics={}, verdict="?"),
        "rulings": lambda: SecondOpinion.objects.create(ruling=ruling, scientist=ann, verdict="no"),
        "reports": lambda: report.tracklets.create(subject=rows[0], trk_sub="W1"),
    }
    for path, change in parts.items():
        before = api.get(f"/api/{path}/").json()["results"][0]["updated_at"]
        change()
        (row,) = changed(api, path, timezone.now() - timezone.timedelta(minutes=1))["results"]
        assert row["updated_at"] > before, path
    Checkpoint.objects.filter(pk=model.pk).update(is_champion=True)
    assert changed(api, "checkpoints", timezone.now() - timezone.timedelta(minutes=1))["results"][0]["is_champion"]


def test_scores_are_not_followed(api, rows):
    assert api.get("/api/scores/", {"updated_since": "2026-01-01"}).status_code == 400


def test_when_a_subject_changed_tells_volunteers_nothing(rows):
    vera = APIClient()
    vera.force_authenticate(User.objects.create(username="vera"))
    assert vera.get("/api/subjects/", {"updated_since": "2026-01-01"}).status_code == 403
    assert {row["updated_at"] for row in vera.get("/api/subjects/").json()["results"]} == {None}
    assert APIClient().get("/api/subjects/", {"updated_since": "2026-01-01"}).status_code == 403


@pytest.mark.parametrize(
    "cursor", ["x", "1:yesterday", "1,2:2026-01-01T00:00:00Z", "1:2026-01-01T00:00:00", "1", "cD0x"]
)
def test_a_cursor_that_is_none_is_refused(api, rows, cursor):
    reply = api.get("/api/subjects/", {"updated_since": "2026-01-01", "cursor": cursor})
    assert (reply.status_code, reply["Content-Type"]) == (404, "application/json")


def test_a_total_that_takes_too_long_is_refused_with_a_sentence(api, rows, monkeypatch):
    assert api.get("/api/subjects/", {"total": "true"}).json()["total"] == 5
    monkeypatch.setattr(pagination, "count_in_time", lambda rows: None)
    reply = api.get("/api/subjects/", {"total": "true"})
    assert reply.status_code == 400
    assert "Counting takes longer than 10 s." in reply.json()["total"][0]
