"""A scheduled task starts a run when there are enough new labels, and never two."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tasks import housekeeping
from tests.integration.learning import sky
from tests.integration.people import browser, member
from tests.integration.world import make_volunteer, recount
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up
from webapp.learning import curate_labels, label_snapshot, models
from webapp.learning.curate_labels import curate, labels
from webapp.learning.models import Checkpoint, Evaluation, TrainingRun
from webapp.learning.test_sets import is_test_group
from webapp.learning.training_sets import FOLDER
from webapp.learning.triggers import is_retraining_due, labels_since, preset_due, workflows_to_retrain
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    workflow = sky.workflow(sky.survey(), min_new_labels=3)
    for row in sky.subjects(workflow.survey, [True] * 6)[:2]:
        sky.votes(workflow, row, posterior=0.99)
    return workflow


def settle_more(workflow, n):
    for row in workflow.survey.subjects.filter(consensus=None)[:n]:
        sky.votes(workflow, row, posterior=0.99)


def trained(workflow, state="done"):
    row = {"survey": workflow.survey, "workflow": workflow, "role": "stamp", "state": state}
    TrainingRun.objects.create(**row, training_set=curate(workflow))


def test_a_run_begins_once_enough_labels_are_in(workflow):
    housekeeping.retrain()
    assert not TrainingRun.objects.exists()
    settle_more(workflow, 1)
    housekeeping.retrain()
    run = TrainingRun.objects.get()
    assert (run.workflow, run.preset, run.requested_by, run.is_control) == (workflow, "head", None, False)
    housekeeping.retrain()
    assert TrainingRun.objects.count() == 1


def test_a_workflow_that_fails_keeps_no_other_from_being_trained(workflow, monkeypatch):
    settle_more(workflow, 1)
    broken = sky.workflow(workflow.survey, slug="broken", min_new_labels=1)
    sky.votes(broken, workflow.survey.subjects.first(), posterior=0.99)

    def preset(due):
        if due == broken:
            raise OSError("the label file cannot be read")
        return "head"

    monkeypatch.setattr("webapp.learning.triggers.preset_due", preset)
    with pytest.raises(ExceptionGroup, match=r"1 of \d steps of retraining failed") as failed:
        housekeeping.retrain()
    assert "cannot be read" in str(failed.value.exceptions[0])
    assert TrainingRun.objects.get().workflow == workflow


def test_a_scheduled_run_fine_tunes_when_that_has_paid_and_labels_have_doubled(workflow, monkeypatch):
    monkeypatch.setattr("webapp.learning.triggers.FEWEST_TO_FINETUNE", 4)
    settle_more(workflow, 1)
    assert preset_due(workflow) == "head"
    settle_more(workflow, 1)
    assert preset_due(workflow) == "finetune"
    row = {"survey": workflow.survey, "workflow": workflow, "role": "stamp", "state": "done", "preset": "finetune"}
    run = TrainingRun.objects.create(**row, training_set=curate(workflow))
    checkpoint = Checkpoint.objects.create(
        survey=workflow.survey, role="stamp", run=run, folder="nowhere", sha256="0", manifest={}
    )
    frozen = models.TestSet.objects.create(survey=workflow.survey, kind="stamp", hash="1", size=9)
    paid = Evaluation.objects.create(checkpoint=checkpoint, test_set=frozen, metrics={}, passed=True, verdict="")
    more = sky.subjects(workflow.survey, [True] * 12, prefix="more")
    for number, subject in enumerate(more[:4], start=5):
        assert preset_due(workflow) == "head", number
        sky.votes(workflow, subject, posterior=0.99)
    assert preset_due(workflow) == "finetune"
    Evaluation.objects.filter(pk=paid.pk).update(passed=False)
    for subject in more[4:]:
        assert preset_due(workflow) == "head"
        sky.votes(workflow, subject, posterior=0.99)
    assert preset_due(workflow) == "finetune"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
@pytest.mark.parametrize("is_early", [False, True])
def test_a_fine_tuning_that_failed_or_was_cancelled_leaves_the_schedule_to_heads(
    workflow, monkeypatch, state, is_early
):
    monkeypatch.setattr("webapp.learning.triggers.FEWEST_TO_FINETUNE", 4)
    settle_more(workflow, 2)
    housekeeping.retrain()
    begun = {"state": state, "training_set": None if is_early else curate(workflow), "finished_at": timezone.now()}
    assert TrainingRun.objects.filter(preset="finetune", state="queued").update(**begun) == 1
    assert preset_due(workflow) == "head", "cancelled before it had read the labels" if is_early else ""
    trained(workflow)
    more = sky.subjects(workflow.survey, [True] * 12, prefix="more")
    more = [row for row in more if not is_test_group(row.object_group)]
    for subject in more[:4]:
        assert preset_due(workflow) == "head"
        sky.votes(workflow, subject, posterior=0.99)
    assert preset_due(workflow) == "finetune", "the labels have doubled"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_ended_before_it_read_labels_is_repeated_a_day_later(workflow, state):
    settle_more(workflow, 1)
    housekeeping.retrain()
    TrainingRun.objects.update(state=state, finished_at=timezone.now())
    housekeeping.retrain()
    assert TrainingRun.objects.count() == 1, "who cancels a waiting run does not want the same one a minute later"
    TrainingRun.objects.update(finished_at=timezone.now() - timedelta(days=1))
    housekeeping.retrain()
    assert TrainingRun.objects.count() == 2


def test_labels_count_since_the_last_runs_training_set(workflow):
    settle_more(workflow, 1)
    trained(workflow, state="failed")
    assert labels_since(workflow) == 0
    settle_more(workflow, 2)
    assert (labels_since(workflow), is_retraining_due(workflow)) == (2, False)
    settle_more(workflow, 1)
    assert workflows_to_retrain() == [workflow]


def test_a_label_that_comes_while_labels_are_read_is_new_to_the_next_run(workflow, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(curate_labels, "labels", lambda of: (labels(of), settle_more(of, 3))[0])
        trained(workflow)
    assert (labels_since(workflow), workflows_to_retrain()) == (3, [workflow])


def test_where_the_file_of_the_last_labels_was_lost_all_count_as_new(workflow):
    settle_more(workflow, 1)
    trained(workflow)
    label_snapshot.path_of(FOLDER, TrainingRun.objects.get().training_set.hash).unlink()
    assert (labels_since(workflow), workflows_to_retrain()) == (3, [workflow])
    settle_more(workflow, 1)
    assert curate(workflow).new_labels == 4


def test_a_corrected_label_counts_as_a_new_one(workflow):
    settle_more(workflow, 1)
    trained(workflow)
    for row in Consensus.objects.filter(workflow=workflow):
        row.log_odds_micronats = -row.log_odds_micronats
        row.save()
    assert (labels_since(workflow), workflows_to_retrain()) == (3, [workflow])


def test_labels_that_fewer_votes_are_enough_for_start_a_run(workflow):
    Workflow.objects.update(min_votes=3)
    workflow.refresh_from_db()
    trained(workflow)
    for row in workflow.survey.subjects.filter(consensus=None)[:3]:
        sky.votes(workflow, row, posterior=0.99, votes_yes=2)
    Consensus.objects.update(updated_at=timezone.now() - timedelta(days=1))
    assert workflows_to_retrain() == []
    Workflow.objects.update(min_votes=2)
    assert workflows_to_retrain() == [workflow]
    trained(Workflow.objects.get())
    assert workflows_to_retrain() == []


def test_more_votes_for_the_same_labels_start_nothing(workflow):
    settle_more(workflow, 1)
    trained(workflow)
    for row in Consensus.objects.filter(workflow=workflow):
        row.votes_yes += 1
        row.save()
    assert (labels_since(workflow), workflows_to_retrain()) == (0, [])


@pytest.mark.parametrize("honest", [0, 1])
def test_labels_of_volunteers_whose_answers_no_longer_count_start_a_run(honest):
    workflow = sky.workflow(sky.survey(), method="majority", min_votes=3, min_new_labels=3)
    rows = sky.subjects(workflow.survey, [True] * 30, prefix="t")
    rows = [row for row in rows if not is_test_group(row.object_group)][:3]
    sky.queue(workflow, rows)
    people = [make_volunteer() for _ in range(9 + honest)]
    answers = [(person, row) for person in people for row in rows]
    Classification.objects.bulk_create(
        Classification(id=uuid.uuid4(), volunteer=person, workflow=workflow, subject=row, answer="yes", is_counted=True)
        for person, row in answers
    )
    recount(workflow)
    trained(workflow)
    assert (labels_since(workflow), workflows_to_retrain()) == (0, [])
    for spammer in people[honest:]:
        Skill.objects.update_or_create(
            volunteer=spammer, workflow=workflow, defaults={"is_trusted": False, "revision": 1}
        )
    catch_up(workflow)
    assert Consensus.objects.filter(workflow=workflow).count() == (3 if honest else 0)
    assert (labels_since(workflow), workflows_to_retrain()) == (3, [workflow])


def ago(**since):
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(**since))
    Workflow.objects.update(created_at=timezone.now() - timedelta(**since))


def test_a_run_begins_when_the_days_are_over_and_one_label_is_new(workflow):
    Workflow.objects.update(min_new_labels=None, retrain_days=7)
    housekeeping.retrain()
    assert not TrainingRun.objects.exists(), "the workflow is new"
    trained(workflow)
    settle_more(workflow, 1)
    ago(days=6, hours=23)
    housekeeping.retrain()
    assert TrainingRun.objects.count() == 1
    ago(days=7)
    for _ in range(2):
        housekeeping.retrain()
    run = TrainingRun.objects.get(state="queued")
    assert run.reason == "Days since the last run: at least 7. New or corrected labels: 1."
    assert run.requested_by is None
    shown = browser(member(workflow.survey, "scientist")).get(f"/api/training-runs/{run.pk}/").json()
    assert (shown["reason"], shown["resumed_at"]) == (run.reason, None)


def test_no_label_is_new_so_no_run_begins_however_old_the_last_is(workflow):
    Workflow.objects.update(min_new_labels=None, retrain_days=1)
    trained(workflow)
    ago(days=400)
    assert workflows_to_retrain() == []
    Consensus.objects.update(updated_at=timezone.now(), votes_yes=4)
    assert workflows_to_retrain() == [], "another vote for the same label"


def test_before_the_first_run_the_days_count_from_the_workflows_beginning(workflow):
    Workflow.objects.update(min_new_labels=None, retrain_days=2)
    ago(days=2)
    housekeeping.retrain()
    assert TrainingRun.objects.get().state == "queued"


def test_control_runs_and_external_scorers_do_not_put_the_next_run_off(workflow):
    Workflow.objects.update(min_new_labels=None, retrain_days=2)
    ago(days=2)
    row = {"survey": workflow.survey, "workflow": workflow, "role": "stamp", "state": "done"}
    TrainingRun.objects.create(**row, is_control=True)
    TrainingRun.objects.create(**row, preset="external")
    assert workflows_to_retrain() == [workflow]
    TrainingRun.objects.create(**row)
    assert workflows_to_retrain() == []


def test_enough_labels_start_a_run_before_the_days_are_over(workflow):
    Workflow.objects.update(retrain_days=30)
    settle_more(workflow, 1)
    housekeeping.retrain()
    assert TrainingRun.objects.get().reason == "New or corrected labels since the last run: 3."


def test_zero_new_labels_are_refused_and_start_nothing(workflow):
    workflow.min_new_labels = 0
    with pytest.raises(ValidationError, match="min_new_labels"):
        workflow.full_clean()
    workflow.save()
    assert workflows_to_retrain() == []


@pytest.mark.parametrize("fields", [{"min_new_labels": None}, {"is_active": False}])
def test_workflows_without_a_schedule_are_never_due(workflow, fields):
    settle_more(workflow, 4)
    assert workflows_to_retrain() == [workflow]
    type(workflow).objects.update(**fields)
    assert workflows_to_retrain() == []
