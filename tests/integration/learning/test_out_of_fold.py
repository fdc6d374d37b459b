"""Out-of-fold scores of a cross-validated run: one for each subject that was learnt from, and for no other."""

import numpy as np
import pytest
from django.utils import timezone

from tasks.learning import train
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.core.jobs import JobState
from webapp.learning import curate_labels, training_sets
from webapp.learning.models import TrainingRun
from webapp.learning.scores import read_out_of_fold
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db
REAL = np.arange(60) % 2 == 0


def test_a_run_that_is_retried_after_pixels_were_dropped_scores_those_that_are_left():
    workflow = sky.workflow(sky.survey())
    sky.make_gold(sky.subjects(workflow.survey, REAL), REAL)
    run = start_training(workflow=workflow, by=None, cross_validate=True)
    training_set = curate_labels.curate(workflow)
    TrainingRun.objects.filter(pk=run.pk).update(training_set=training_set)
    learnt = [label.subject_id for label in training_sets.labels_of(training_set)[0]]
    Subject.objects.filter(pk__in=learnt[:2]).update(pixels_dropped_at=timezone.now())
    train.run(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.DONE, run.error
    assert list(read_out_of_fold(run.checkpoint)) == learnt[2:]
