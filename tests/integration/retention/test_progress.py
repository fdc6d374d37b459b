"""A long run that finds nothing to drop reports progress all the same, so that nobody takes it for hung."""

import pytest

from tests.integration.learning import sky
from tests.integration.retention.test_drop_pixels import claimed, settled
from webapp.archive.models import Subject
from webapp.learning import curate_labels
from webapp.learning.models import TrainingRun
from webapp.retention.drop_pixels import drop_pixels

pytestmark = pytest.mark.django_db


def test_a_run_over_pixels_that_a_training_needs_makes_progress():
    survey = sky.survey("night", keep_bogus=0)
    workflow = sky.workflow(survey, min_votes=3)
    settled(workflow, sky.subjects(survey, [0] * 3))
    training_set = curate_labels.curate(workflow)
    TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp", training_set=training_set)
    survey.drop_bogus_after = 30
    survey.save()
    run = claimed(survey)
    run.progressed_at = -run.patience.total_seconds()
    drop_pixels(run)
    assert Subject.objects.with_pixels().count() == 3
    assert not run.is_hung
