"""The model's score is shown after the answer, and only if the workflow allows it."""

import uuid

import pytest

from tests.integration.world import client_of, make_volunteer, make_workflow, subjects_of
from webapp.classifications.models import Classification
from webapp.learning.models import Checkpoint, Score, TrainingRun
from webapp.queue.models import Lease

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("allowed", [True, False])
def test_the_champions_score_follows_the_answer_with_its_number(allowed):
    workflow = make_workflow(subjects=1, reveal_model_score=allowed)
    (subject,) = subjects_of(workflow)
    numbers = {}
    for is_champion, p_real in ((True, 0.93), (False, 0.2)):
        run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet")
        model = numbers[is_champion] = Checkpoint.objects.create(
            survey=workflow.survey, role="tracklet", run=run, manifest={}, is_champion=is_champion
        )
        Score.objects.create(
            checkpoint=model, subject=subject, probabilities=[1 - p_real, p_real], p_real=p_real, entropy=0
        )
    client = client_of(make_volunteer("ann"))
    before = client.get("/api/workflows/atlas/next/", {"n": 1})
    assert "0.93" not in before.content.decode()
    sent = {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": subject.pk, "answer": "yes"}
    told = client.post("/api/classifications/", sent, format="json").json()
    assert (told["p_real"], told["model"]) == ((0.93, numbers[True].pk) if allowed else (None, None))


@pytest.mark.parametrize(
    ("stored", "p_real", "shown"),
    [
        ("diverse", 0.99, "new"),
        ("uncertain", 0.01, "new"),
        ("vote", 0.97, "new"),
        ("disagreed", 0.999, "new"),
        ("uncertain", 0.9, "uncertain"),
        ("diverse", None, "diverse"),
        ("positive", 0.3, "new"),
        ("positive", 0.99, "positive"),
        ("random", 0.99, "random"),
    ],
)
def test_the_reason_is_true_of_the_subject_though_the_score_is_private(stored, p_real, shown):
    workflow = make_workflow(subjects=1, reveal_model_score=False)
    (subject,) = subjects_of(workflow)
    workflow.queue.update(reason=stored)
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet")
    model = Checkpoint.objects.create(survey=workflow.survey, role="tracklet", run=run, manifest={}, is_champion=True)
    if p_real is not None:
        Score.objects.create(
            checkpoint=model, subject=subject, probabilities=[1 - p_real, p_real], p_real=p_real, entropy=0
        )
    client = client_of(make_volunteer("ann"))
    client.get("/api/workflows/atlas/next/", {"n": 1})
    Lease.objects.update(reason=stored)
    sent = {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": subject.pk, "answer": "yes"}
    said = client.post("/api/classifications/", sent, format="json").json()
    assert (said["reason"], said["p_real"], said["model"]) == (shown, None, None)
    assert client.post(f"/api/classifications/{sent['id']}/undo/").json()["reason"] == shown
    assert Classification.objects.get().reason == workflow.queue.get().reason == stored
