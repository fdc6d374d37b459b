"""A desk with six disagreements."""

from uuid import uuid4

import numpy as np

from tests.integration.learning import sky
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.learning.models import Checkpoint, Score, TrainingRun
from webapp.review.models import Ruling
from webapp.volunteers.models import Volunteer

N = 6
DESK = "/surveys/night/review/?queue=disagreements"


def disagreements(frames=1):
    """Store subjects with a yes from volunteers and a no from the champion, increasingly certain."""
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"])
    workflow = sky.workflow(survey, undo_seconds=0)
    rows = sky.subjects(survey, np.ones(N), frames=frames)
    sky.queue(workflow, rows)
    run = TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp")
    champion = Checkpoint.objects.create(survey=survey, role="stamp", run=run, manifest={}, is_champion=True)
    for place, row in enumerate(rows):
        p_real = 0.2 - place / 100
        Score.objects.create(checkpoint=champion, subject=row, probabilities=[p_real], p_real=p_real, entropy=0.5)
    for _ in range(2):
        items = [Item(uuid4(), row.pk, "yes") for row in rows]
        submit(Volunteer.objects.create(), workflow, items)
    return survey


def standing():
    rulings = Ruling.objects.filter(withdrawn_at=None)
    return dict(rulings.values_list("subject__external_id", "verdict"))
