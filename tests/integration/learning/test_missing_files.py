"""A file of labels is missing, as on a site that was restored in part: pages and runs say which one, and what to do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks import housekeeping
from tests.integration.learning import sky
from tests.integration.learning.runs import trained
from tests.integration.people import HTMX, browser, member
from webapp.core.jobs import JobState
from webapp.learning import label_snapshot
from webapp.learning.acquisition import update_priorities
from webapp.learning.models import Checkpoint, DriftAlarm, Evaluation, Score, ScoringRun, ScoringShard, TrainingRun
from webapp.learning.promotion import promote
from webapp.operations.prometheus import _drift
from webapp.workflows.models import Acquisition, Workflow

pytestmark = pytest.mark.django_db

REAL = [True, False] * 40


@pytest.fixture
def workflow():
    return sky.gold_workflow(REAL)


@pytest.fixture
def run(workflow):
    return trained(workflow)


@pytest.fixture
def read(workflow):
    client = browser(member(workflow.survey, "admin"))

    def page(address="", **headers):
        answer = client.get(f"/surveys/sky/learning/{address}", **headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return page


def lose(folder, snapshot):
    label_snapshot.path_of(folder, snapshot.hash).unlink()
    return f"The file {folder}/{snapshot.hash}.parquet is missing from the data folder"


def score_something(checkpoint):
    for subject in checkpoint.survey.subjects.all()[:3]:
        Score.objects.get_or_create(checkpoint=checkpoint, subject=subject, probabilities=[0, 1], p_real=1, entropy=0)


def test_without_the_champions_labels_drift_says_so_and_scoring_goes_on(workflow, run, read):
    champion = Checkpoint.objects.get(is_champion=True)
    said = lose("training-sets", run.training_set)
    assert said in read("drift/stamp/", headers=HTMX)
    assert "promote it by hand" in read("drift/stamp/", headers=HTMX)
    assert _drift().samples == [], "the site's other figures are still reported"
    scoring = ScoringRun.objects.get()
    ScoringShard.objects.update(state=JobState.DONE)
    update_priorities(ScoringRun.objects.claim(scoring.pk))
    scoring.refresh_from_db()
    assert scoring.state == JobState.DONE
    assert said in scoring.message
    DriftAlarm.objects.create(checkpoint=champion, night=60000, index=1, subjects=50)
    housekeeping.retrain()
    assert TrainingRun.objects.count() == 1


def test_a_queue_is_ordered_without_the_rules_that_need_the_champions_labels(workflow, run):
    Workflow.objects.update(acquisition=Acquisition.DISAGREEMENT, rare_fraction=0.5)
    sky.queue(workflow, sky.subjects(workflow.survey, [True, False], prefix="new"))
    lose("training-sets", run.training_set)
    ScoringShard.objects.update(state=JobState.DONE)
    update_priorities(ScoringRun.objects.claim(ScoringRun.objects.get().pk))
    assert ScoringRun.objects.get().state == JobState.DONE


def test_a_run_that_is_compared_with_a_champion_of_lost_labels_fails_and_says_what_to_do(workflow, run):
    said = lose("training-sets", run.training_set)
    sky.make_gold(sky.subjects(workflow.survey, REAL, prefix="new"), REAL)
    second = trained(workflow)
    assert second.state == JobState.FAILED
    assert second.error.startswith(said)
    promote(checkpoint=second.checkpoint, by=None, reason="By hand.")
    third = trained(workflow)
    assert third.state == JobState.DONE, third.error


def test_without_the_test_set_nothing_is_trained_and_the_page_says_what_to_do(workflow, run, read):
    frozen = Evaluation.objects.get().test_set
    said = lose("test-sets", frozen)
    assert said in read()
    second = trained(workflow)
    assert second.state == JobState.FAILED
    assert second.error.startswith(said)
    assert not Checkpoint.objects.filter(run=second).exists()
    assert said in read(f"runs/{second.pk}/")
    TrainingRun.objects.update(finished_at=timezone.now() - timedelta(days=2))
    Workflow.objects.update(min_new_labels=1)
    sky.make_gold(sky.subjects(workflow.survey, REAL, prefix="new"), REAL)
    housekeeping.retrain()
    assert TrainingRun.objects.count() == 2, "no run after another fails for the same reason"


def test_a_comparison_names_the_missing_test_set(workflow, run, read):
    other = sky.checkpoint(workflow)
    champion = Checkpoint.objects.get(is_champion=True)
    said = lose("test-sets", Evaluation.objects.get().test_set)
    assert said in read(f"compare/?first={champion.pk}&second={other.pk}")
