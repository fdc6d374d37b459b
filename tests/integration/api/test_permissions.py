"""Each write through the API: by an allowed user, by a colleague with a lower role, by a stranger, anonymously."""

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from tests.integration.world import make_subject, make_workflow, subjects_of
from webapp.archive.ingest.create_run import inbox
from webapp.archive.models import IngestRun, Membership, Role, Survey
from webapp.archive.pixels import pixel_store
from webapp.learning.models import Checkpoint, Promotion, Score, TrainingRun
from webapp.learning.promotion import promote
from webapp.review.models import Ruling

pytestmark = pytest.mark.django_db


def client_for(role=None, survey=None):
    user = get_user_model().objects.create(username=f"{role}-{getattr(survey, 'slug', '')}")
    if role:
        Membership.objects.create(user=user, survey=survey, role=role)
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def workflow():
    return make_workflow(subjects=1)


@pytest.fixture
def people(workflow):
    """An admin, and everybody who lacks the role."""
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    survey = workflow.survey
    admin = client_for(Role.ADMIN, survey)
    others = [client_for(Role.SCIENTIST, survey), client_for(Role.ADMIN, elsewhere), client_for()]
    return admin, others


def make_checkpoint(workflow, is_champion=False):
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet", state="done")
    return Checkpoint.objects.create(
        survey=workflow.survey, role="tracklet", run=run, folder="c", sha256="0", manifest={}, is_champion=is_champion
    )


def test_admins_start_a_training_run_and_nobody_else(workflow, people):
    admin, others = people
    body = {"workflow": "atlas", "preset": "head"}
    for other in others:
        assert other.post("/api/training-runs/", body, format="json").status_code == 403
    assert APIClient().post("/api/training-runs/", body, format="json").status_code == 401
    assert not TrainingRun.objects.exists()
    started = admin.post("/api/training-runs/", body, format="json")
    assert started.status_code == 201
    assert started.json()["state"] == "queued"
    again = admin.post("/api/training-runs/", body, format="json")
    assert again.status_code == 409
    assert "in progress" in again.json()["detail"]
    assert TrainingRun.objects.count() == 1


def test_admins_cancel_a_training_run_and_nobody_else(workflow, people):
    admin, others = people
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet")
    for other in others:
        assert other.post(f"/api/training-runs/{run.pk}/cancel/").status_code == 403
    run.refresh_from_db()
    assert (run.state, run.cancel_requested) == ("queued", False)
    assert admin.post(f"/api/training-runs/{run.pk}/cancel/").json()["state"] == "cancelled"


def test_admins_promote_and_step_back_and_nobody_else(workflow, people):
    admin, others = people
    pixel_store().append("atlas", np.zeros((1, 2, 1, 8, 8), np.float32))
    first, second = make_checkpoint(workflow), make_checkpoint(workflow)
    promote(checkpoint=first, by=None, reason="The first.")
    back = {"survey": "atlas", "role": "tracklet"}
    for other in others:
        assert other.post(f"/api/checkpoints/{second.pk}/promote/", {}).status_code == 403
        assert other.post("/api/checkpoints/rollback/", back).status_code == 403
    assert Checkpoint.objects.get(is_champion=True) == first
    assert Promotion.objects.count() == 1
    assert admin.post("/api/checkpoints/rollback/", back).status_code == 409
    misspelt = admin.post(f"/api/checkpoints/{second.pk}/promote/", {"reason": "I like it.", "confirmed": True})
    assert misspelt.status_code == 400
    assert "There is no field “confirmed” here. Fields: " in misspelt.json()["confirmed"][0]
    refused = admin.post(f"/api/checkpoints/{second.pk}/promote/", {"reason": "I like it."})
    assert refused.status_code == 409
    assert "never evaluated" in refused.json()["detail"]
    assert Checkpoint.objects.get(is_champion=True) == first
    confirmed = {"reason": "Looks right on the plots.", "is_confirmed": True, "replaces": first.pk}
    overtaken = admin.post(f"/api/checkpoints/{second.pk}/promote/", confirmed | {"replaces": 0})
    assert overtaken.status_code == 409
    assert f"it is model {first.pk}" in overtaken.json()["detail"]
    assert admin.post(f"/api/checkpoints/{second.pk}/promote/", confirmed).json()["is_champion"] is True
    assert Promotion.objects.latest("pk").by.username == "admin-atlas"
    late = admin.post("/api/checkpoints/rollback/", back | {"to": second.pk})
    assert late.status_code == 409
    assert Checkpoint.objects.get(is_champion=True) == second
    assert admin.post("/api/checkpoints/rollback/", back | {"to": first.pk}).json()["id"] == first.pk
    assert Checkpoint.objects.get(is_champion=True) == first


def test_admins_ingest_from_the_inbox_and_nobody_else(workflow, people):
    admin, others = people
    (inbox(workflow.survey) / "night").mkdir()
    body = {"survey": "atlas", "path": "night"}
    for other in others:
        assert other.post("/api/ingest-runs/", body).status_code == 403
    for path in ("../pixels", "/etc", "absent", "\0"):
        assert admin.post("/api/ingest-runs/", body | {"path": path}, format="json").status_code == 400
    assert not IngestRun.objects.exists()
    assert admin.post("/api/ingest-runs/", body).status_code == 201
    run = IngestRun.objects.get()
    assert run.requested_by.username == "admin-atlas"
    for other in others:
        assert other.post(f"/api/ingest-runs/{run.pk}/cancel/").status_code == 403
        assert other.get(f"/api/ingest-runs/{run.pk}/problems/").status_code == 403
    run.problems.create(file="a.fits", row=3, reason="It is empty.")
    assert admin.get(f"/api/ingest-runs/{run.pk}/problems/").json()["results"][0]["row"] == 3
    assert admin.post(f"/api/ingest-runs/{run.pk}/cancel/").json()["state"] == "cancelled"


@pytest.mark.parametrize("what", ["training-runs", "checkpoints", "scores"])
def test_scientists_read_what_volunteers_do_not(workflow, people, what):
    _, (scientist, elsewhere, stranger) = people
    checkpoint = make_checkpoint(workflow, is_champion=True)
    subject = make_subject(workflow.survey, "scored")
    Score.objects.create(checkpoint=checkpoint, subject=subject, probabilities=[0.1, 0.9], p_real=0.9, entropy=0.3)
    assert len(scientist.get(f"/api/{what}/", {"survey": "atlas"}).json()["results"]) == 1
    assert elsewhere.get(f"/api/{what}/").json()["results"] == []
    assert stranger.get(f"/api/{what}/").status_code == 403
    assert client_for(Role.VOLUNTEER, workflow.survey).get(f"/api/{what}/").status_code == 403
    assert APIClient().get(f"/api/{what}/").status_code == 401


def test_a_single_row_of_another_survey_is_refused(workflow, people):
    _, (scientist, elsewhere, _) = people
    checkpoint = make_checkpoint(workflow)
    assert scientist.get(f"/api/checkpoints/{checkpoint.pk}/").status_code == 200
    assert elsewhere.get(f"/api/checkpoints/{checkpoint.pk}/").status_code == 403
    assert scientist.get(f"/api/training-runs/{checkpoint.run_id}/").json()["epochs"] == []
    assert elsewhere.get(f"/api/training-runs/{checkpoint.run_id}/").status_code == 403


def test_scientists_rule_and_take_it_back_and_nobody_else(workflow, people):
    _, (scientist, elsewhere, stranger) = people
    (subject,) = subjects_of(workflow)
    body = {"workflow": "atlas", "subject": subject.pk, "verdict": "yes", "label": "AST", "note": "It moves."}
    for other in (elsewhere, stranger, client_for(Role.VOLUNTEER, workflow.survey)):
        assert other.post("/api/rulings/", body).status_code == 403
        assert other.get("/api/rulings/").json().get("results", []) == []
    assert APIClient().post("/api/rulings/", body).status_code == 401
    assert not Ruling.objects.exists()
    assert scientist.post("/api/rulings/", body | {"workflow": "a\0b"}, format="json").status_code == 400
    assert scientist.post("/api/rulings/", body | {"label": "CR"}).status_code == 400
    assert scientist.post("/api/rulings/", body | {"subject": subject.pk + 1}).status_code == 404
    ruled = scientist.post("/api/rulings/", body)
    assert ruled.status_code == 201
    subject.refresh_from_db()
    assert (subject.gold_label, subject.gold_source) == ("AST", "ruling")
    url = f"/api/rulings/{ruled.json()['id']}/"
    for other in (elsewhere, stranger):
        assert other.post(f"{url}withdraw/").status_code == 403
        assert other.post(f"{url}undo/").status_code == 403
    assert Ruling.objects.get().withdrawn_at is None
    assert scientist.get("/api/rulings/", {"standing": "true"}).json()["results"][0]["scientist"] == "scientist-atlas"
    assert scientist.post(f"{url}withdraw/").json()["withdrawn_at"]
    assert scientist.post(f"{url}withdraw/").status_code == 409
    subject.refresh_from_db()
    assert subject.gold_label == ""


def test_nobody_rules_on_another_surveys_subject(workflow, people):
    _, (scientist, *_) = people
    theirs = make_subject(Survey.objects.get(slug="elsewhere"), "theirs")
    body = {"workflow": "atlas", "subject": theirs.pk, "verdict": "yes"}
    assert scientist.post("/api/rulings/", body).status_code == 403
    theirs.refresh_from_db()
    assert theirs.gold_label == ""
