"""Labels that nobody gives any more: a run without them is judged as one with new labels."""

import numpy as np
import pytest

from tasks.learning import train
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.consensus.models import Consensus
from webapp.learning.promotion import FEWEST_LABELS
from webapp.learning.test_sets import is_test_group
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

REAL = np.arange(80) % 2 == 0


@pytest.fixture
def workflow():
    """Eighty gold subjects, and labels of thirty others by volunteers."""
    workflow = sky.workflow(sky.survey())
    sky.make_gold(sky.subjects(workflow.survey, REAL), REAL)
    voted = sky.subjects(workflow.survey, [False] * 60, prefix="voted")
    for row in [row for row in voted if not is_test_group(row.object_group)][:30]:
        sky.votes(workflow, row, posterior=0.97)
    return workflow


def trained(workflow):
    run = start_training(workflow=workflow, by=None)
    train.run(run.pk)
    run.refresh_from_db()
    return run


def test_a_model_without_labels_that_were_withdrawn_is_judged_by_the_gate(workflow):
    first = trained(workflow)
    assert first.checkpoint.is_champion, first.message
    admin = browser(member(workflow.survey, "admin"))
    assert "0 of 20 new or corrected labels" in admin.get("/surveys/sky/learning/").content.decode()
    for row in Consensus.objects.order_by("pk")[: FEWEST_LABELS - 1]:
        row.delete()
    assert trained(workflow).message == "New or corrected labels since the champion: 19 of 20 needed."
    Consensus.objects.first().delete()
    assert "of 20 new or corrected labels" not in admin.get("/surveys/sky/learning/").content.decode()
    assert "of 20 needed" not in trained(workflow).message
