"""The model's score is shown after the answer, and only if the workflow allows it."""

import uuid

import pytest

from tests.integration.world import client_of, make_volunteer, make_workflow, subjects_of
from webapp.learning.models import Checkpoint, Score, TrainingRun

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
