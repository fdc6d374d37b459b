"""The learning curve on the Models page: ROC AUC on the current test set by the labels of each model."""

import csv

import pytest

from tests.integration.learning import sky
from webapp.learning.learning_curve import learning_curve
from webapp.learning.models import Evaluation, ModelRole, TrainingRun, TrainingSet
from webapp.learning.models import TestSet as FrozenSet

pytestmark = pytest.mark.django_db

MODELS, POINTS = "/surveys/sky/learning/", "/surveys/sky/learning/learning-curve/stamp.csv"


@pytest.fixture
def frozen(workflow):
    return FrozenSet.objects.create(survey=workflow.survey, kind="stamp", hash="c", size=40)


def judged(workflow, frozen, labels, auc, **fields):
    """Return a model with this many labels (None if nobody knows) and this ROC AUC on the test set."""
    model = sky.checkpoint(workflow, **fields)
    if labels is not None:
        training_set = TrainingSet.objects.create(workflow=workflow, hash=f"{labels:064}", size=labels)
        TrainingRun.objects.filter(pk=model.run_id).update(training_set=training_set)
    metrics = {"roc_auc": auc, "intervals": {"roc_auc": [auc - 0.02, auc + 0.01]}} if auc else {"roc_auc": None}
    Evaluation.objects.create(checkpoint=model, test_set=frozen, metrics=metrics, verdict="")
    return model


def test_each_model_on_the_current_test_set_is_a_point(workflow, frozen):
    old = FrozenSet.objects.create(survey=workflow.survey, kind="stamp", hash="b", size=20, is_current=False)
    more = judged(workflow, frozen, 300, 0.95, is_champion=True)
    few = judged(workflow, frozen, 100, 0.9)
    judged(workflow, old, 200, 0.99)
    judged(workflow, frozen, None, 0.8)
    judged(workflow, frozen, 400, None)
    curve = learning_curve(workflow.survey, ModelRole.STAMP)
    points = curve.plotted()["points"]
    assert curve.champion == more.pk
    assert points["model"] == [few.pk, more.pk]
    assert points["labels"] == [100, 300]
    assert points["roc_auc"] == [0.9, 0.95]
    assert points["low"] == pytest.approx([0.88, 0.93])
    assert points["high"] == pytest.approx([0.91, 0.96])
    assert not learning_curve(workflow.survey, ModelRole.CUBE).is_drawn


def test_the_page_draws_a_curve_from_two_models_on(workflow, frozen, scientist):
    first = judged(workflow, frozen, 100, 0.9)
    assert 'data-figure="learning-stamp"' not in scientist.get(MODELS).content.decode()
    second = judged(workflow, frozen, 300, 0.95)
    page = scientist.get(MODELS).content.decode()
    assert 'data-figure="learning-stamp"' in page
    assert all(f'href="/surveys/sky/learning/runs/{each.run_id}/"' in page for each in (first, second))


def test_a_file_has_the_points(workflow, frozen, scientist):
    model = judged(workflow, frozen, 100, 0.9)
    answer = scientist.get(POINTS)
    [row] = csv.DictReader(answer.getvalue().decode().splitlines())
    assert (row["model"], row["labels"], row["roc_auc"]) == (str(model.pk), "100", "0.9")
    assert scientist.get(POINTS.replace("stamp", "comet")).status_code == 404
