"""A training run: its results when it succeeds, is interrupted, or is impossible."""

import numpy as np
import pytest
from django.conf import settings
from django.db import OperationalError

from ml.inference.checkpoint import Checkpoint as Files
from tasks import housekeeping
from tasks.learning import train
from tests.integration.learning import sky
from tests.integration.learning.runs import take_up, trained
from tests.integration.people import browser, member
from tests.unit.training.test_resume import shorten
from webapp.core.jobs import JobState
from webapp.learning import label_snapshot, models, test_sets, training_sets
from webapp.learning.model_roles import classes_of
from webapp.learning.models import Checkpoint, Evaluation, Promotion, ScoringRun, TrainingRun
from webapp.learning.promotion import promote
from webapp.learning.retention import delete_old_states, state_path
from webapp.learning.scores import read_out_of_fold
from webapp.learning.triggers import AlreadyTraining, start_training

pytestmark = pytest.mark.django_db

REAL = np.arange(80) % 2 == 0


@pytest.fixture
def workflow():
    return sky.gold_workflow(REAL)


def test_a_run_leaves_a_checkpoint_its_figures_and_why_it_passed(workflow):
    run = trained(workflow)
    checkpoint = run.checkpoint
    files = Files.load(settings.DATA / checkpoint.folder)
    assert files.manifest["sha256"] == checkpoint.sha256
    assert files.manifest["training_set"] == run.training_set.hash
    evaluation = checkpoint.evaluations.get()
    assert evaluation.passed, evaluation.verdict
    assert evaluation.metrics["roc_auc"] > 0.9
    assert evaluation.metrics["fine"]["classes"] == ["no", "yes"]
    assert Promotion.objects.get().reason == evaluation.verdict == run.message
    last = run.epochs.last()
    assert (run.done, run.total) == (last.epoch, last.epochs)
    assert run.training_set.sources == {"gold": run.training_set.size}


def test_a_crash_after_the_checkpoint_does_not_make_a_second(workflow, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(train, "_evaluate_and_gate", crash)
        run = trained(workflow)
    assert Checkpoint.objects.count() == 1
    before = Checkpoint.objects.get().sha256
    take_up(run)
    assert (run.state, Checkpoint.objects.get().sha256) == (JobState.DONE, before)
    assert Promotion.objects.count() == ScoringRun.objects.count() == Evaluation.objects.count() == 1


def crash(*args, **kwargs):
    raise RuntimeError("The lights went out.")


def test_a_crash_in_the_middle_of_settling_leaves_nothing_half_done(workflow, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("webapp.learning.promotion.start_scoring", crash)
        run = trained(workflow)
    assert run.state == JobState.FAILED
    assert "lights" in run.error
    assert not Evaluation.objects.exists()
    assert not Checkpoint.objects.get().is_champion
    take_up(run)
    assert Checkpoint.objects.get().is_champion


def test_a_message_delivered_twice_trains_once(workflow):
    run = trained(workflow)
    train.run(run.pk)
    run.refresh_from_db()
    assert run.attempts == 1
    assert Checkpoint.objects.count() == 1


def test_a_worker_that_lost_its_lease_leaves_neither_row_nor_files(workflow, monkeypatch):
    report = train._report

    def overtaken(row, epoch):
        report(row, epoch)
        if epoch.epoch == 1:
            TrainingRun.objects.filter(pk=row.pk).update(state=JobState.QUEUED)

    monkeypatch.setattr(train, "_report", overtaken)
    run = trained(workflow)
    assert run.state == JobState.QUEUED
    assert not Checkpoint.objects.exists()
    assert not list(settings.DATA.glob("checkpoints/*"))


def test_a_cancelled_run_ends_at_its_next_epoch(workflow, monkeypatch):
    report = train._report

    def cancelled(row, epoch):
        TrainingRun.objects.get(pk=row.pk).request_cancel()
        report(row, epoch)

    monkeypatch.setattr(train, "_report", cancelled)
    run = trained(workflow)
    assert run.state == JobState.CANCELLED
    assert run.epochs.count() == 1
    assert not Checkpoint.objects.exists()


def test_who_cancels_a_run_that_has_just_ended_reads_so(workflow):
    page = f"/surveys/sky/learning/runs/{trained(workflow).pk}/cancel/"
    answer = browser(member(workflow.survey, "admin")).post(page, follow=True).content.decode()
    assert "is over already. Nothing was cancelled." in answer
    assert "stops after the current epoch" not in answer
    assert TrainingRun.objects.get().state == JobState.DONE


def test_a_second_run_is_refused_while_one_is_open(workflow):
    run = start_training(workflow=workflow, by=None)
    with pytest.raises(AlreadyTraining, match="nothing was started"):
        start_training(workflow=workflow, by=None)
    run.request_cancel()
    start_training(workflow=workflow, by=None)


def test_a_control_stays_a_shadow_and_takes_nothing_from_the_champion(workflow):
    trained(workflow)
    control = sky.workflow(workflow.survey, slug="control", random_fraction=1.0)
    run = trained(control, is_control=True)
    assert not run.checkpoint.is_champion
    assert run.checkpoint.evaluations.get().verdict.startswith("Control run")
    assert run.checkpoint.scoring_runs.exists()
    assert Promotion.objects.count() == 1


def test_labels_that_were_there_before_do_not_pass_the_gate_again(workflow):
    first = trained(workflow)
    second = trained(workflow)
    assert second.training_set == first.training_set
    assert second.message == "New or corrected labels since the champion: 0 of 20 needed."
    assert Checkpoint.objects.get(is_champion=True) == first.checkpoint


def test_what_a_network_of_the_lineage_has_learnt_from_judges_nobody(workflow):
    first = trained(workflow).checkpoint
    labels = test_sets.frozen_labels(models.TestSet.objects.get())
    old = label_snapshot.digest(labels[:5], classes_of(workflow.survey))
    label_snapshot.write_snapshot(training_sets.FOLDER, old, labels[:5], classes_of(workflow.survey))
    ancestor = sky.checkpoint(workflow, sha256="a" * 64)
    ancestor.run.training_set = models.TrainingSet.objects.create(workflow=workflow, hash=old, size=5)
    ancestor.run.save()
    later = sky.checkpoint(workflow, manifest=first.manifest | {"init": ancestor.sha256})
    assert later.lineage() == [later, ancestor]
    assert len(training_sets.unseen_by(later, labels)) == len(labels) - 5
    assert len(training_sets.unseen_by(first, labels)) == len(labels)


def test_a_champion_that_changes_during_the_comparison_is_compared_with_in_its_turn(workflow, monkeypatch):
    first = trained(workflow).checkpoint
    Checkpoint.objects.update(is_champion=False)
    evaluate = train.evaluate
    against = []

    def slow(row, checkpoint, champion, frozen):
        found = evaluate(row, checkpoint, champion, frozen)
        against.append(champion)
        if len(against) == 1:
            promote(checkpoint=first, by=None, reason="By hand.")
        return found

    monkeypatch.setattr(train, "evaluate", slow)
    run = trained(workflow)
    assert against == [None, first]
    assert run.checkpoint.evaluations.get().champion == first


@pytest.mark.parametrize("is_first", [True, False])
def test_a_model_that_leads_before_its_evaluation_is_compared_with_the_one_before(workflow, monkeypatch, is_first):
    before = None if is_first else trained(workflow).checkpoint
    evaluate = train.evaluate

    def slow(row, checkpoint, champion, frozen):
        found = evaluate(row, checkpoint, champion, frozen)
        promote(checkpoint=checkpoint, by=None, reason="By hand.")
        return found

    monkeypatch.setattr(train, "evaluate", slow)
    run = trained(workflow, seed=1)
    evaluation = run.checkpoint.evaluations.get()
    assert (run.state, evaluation.champion) == (JobState.DONE, before)
    assert Checkpoint.objects.get(is_champion=True) == run.checkpoint
    assert run.checkpoint.scoring_runs.count() == run.checkpoint.promotions.count() == 1
    assert run.message.startswith("The first champion" if is_first else "New or corrected labels")


def test_a_champion_by_hand_that_cannot_be_evaluated_is_not_said_to_be_unpromoted(monkeypatch):
    workflow = sky.workflow(sky.survey())
    for row, real in zip(sky.subjects(workflow.survey, REAL), REAL, strict=True):
        sky.votes(workflow, row, posterior=0.97 if real else 0.03)
    with monkeypatch.context() as patched:
        patched.setattr(train, "_evaluate_and_gate", crash)
        run = trained(workflow)
    promote(checkpoint=run.checkpoint, by=None, reason="By hand.")
    assert run.retry()
    train.run(run.pk)
    run.refresh_from_db()
    assert run.message.startswith("sky has 0 real and 0 bogus gold subjects")
    assert run.checkpoint.scoring_runs.count() == 1


def test_without_gold_to_judge_by_a_model_stays_a_shadow_and_says_why():
    workflow = sky.workflow(sky.survey())
    for row, real in zip(sky.subjects(workflow.survey, REAL), REAL, strict=True):
        sky.votes(workflow, row, posterior=0.97 if real else 0.03)
    run = trained(workflow)
    assert run.state == JobState.DONE
    assert run.message.startswith("Not promoted: sky has 0 real and 0 bogus gold subjects")
    assert not run.checkpoint.is_champion


@pytest.mark.parametrize(
    ("real", "says"), [([], "No subject has a label yet"), ([True] * 40, "No labelled subject is bogus")]
)
def test_labels_that_teach_nothing_fail_with_a_sentence(real, says):
    workflow = sky.workflow(sky.survey())
    rows = sky.subjects(workflow.survey, [True] * 40)
    sky.make_gold(rows[: len(real)], real)
    run = trained(workflow)
    assert run.state == JobState.FAILED
    assert says in run.error


def test_an_unforeseen_error_is_a_sentence_for_scientists_and_a_traceback_for_admins(workflow, monkeypatch):
    def fall(*_, **__):
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(train, "train", fall)
    run = trained(workflow)
    assert (run.state, run.error) == (JobState.FAILED, "no such luck")
    assert run.traceback.startswith("Traceback")
    assert "in fall" in run.traceback
    page = f"/surveys/sky/learning/runs/{run.pk}/"
    assert "in fall" in browser(member(workflow.survey, "admin")).get(page).content.decode()
    read = browser(member(workflow.survey, "scientist")).get(page).content.decode()
    assert "no such luck" in read
    assert "in fall" not in read


def test_tracklets_of_several_lengths_are_learnt_together():
    workflow = sky.workflow(sky.survey(), kind="tracklet")
    for frames, prefix in ((4, "a"), (3, "b")):
        rows = sky.subjects(workflow.survey, REAL[:40], kind="tracklet", frames=frames, prefix=prefix)
        sky.make_gold(rows, REAL[:40])
    run = trained(workflow)
    assert run.checkpoint.is_champion, run.message
    assert run.checkpoint.evaluations.get().metrics["roc_auc"] > 0.9


def test_a_whole_network_is_trained_on_pixels_and_its_features_serve_the_next_head(workflow):
    run = trained(workflow, preset="small", minutes=0.02)
    assert run.state == JobState.DONE, run.error
    assert not list((settings.DATA / "temporary").iterdir())
    if not run.checkpoint.is_champion:
        promote(checkpoint=run.checkpoint, by=None, reason="By hand.")
    head = trained(workflow, cross_validate=True)
    assert head.state == JobState.DONE, head.error
    assert "Not cross-validated" in head.checkpoint.notes[0]
    page = browser(member(workflow.survey, "scientist")).get(f"/surveys/sky/learning/runs/{head.pk}/").content.decode()
    assert "Not cross-validated" in page
    assert read_out_of_fold(head.checkpoint) == {}
    assert head.checkpoint.manifest["feature_key"] == run.checkpoint.manifest["feature_key"]
    control = trained(sky.workflow(workflow.survey, slug="control"), is_control=True)
    assert control.checkpoint.manifest["feature_key"] != run.checkpoint.manifest["feature_key"]


def test_a_network_that_waits_in_the_shadow_is_fine_tuned(workflow):
    shadow = trained(workflow, preset="small", minutes=0.02, is_control=True)
    assert not shadow.checkpoint.is_champion
    assert trained(workflow).checkpoint.is_champion
    tuned = trained(workflow, preset="finetune", minutes=0.02)
    assert tuned.state == JobState.DONE, tuned.error
    assert tuned.checkpoint.manifest["init"] == shadow.checkpoint.sha256


def test_a_whole_networks_training_resumes_where_another_worker_stopped(workflow, monkeypatch):
    shorten(monkeypatch, views=900, fewest=0, rounds=4)
    report, state = train._report, settings.DATA / "training"

    def killed(row, epoch):
        report(row, epoch)
        if epoch.epoch == 3:
            raise OperationalError("As if the worker were gone.")

    with monkeypatch.context() as patched:
        patched.setattr(train, "_report", killed)
        run = trained(workflow, preset="small")
    assert (run.state, len(list(state.iterdir()))) == (JobState.RUNNING, 1)
    housekeeping.retrain()
    assert list(state.iterdir()), "The run is still open."
    take_up(run)
    assert (run.state, run.attempts, run.resumed_at) == (JobState.DONE, 2, 3)
    assert list(run.epochs.filter(attempt=2).values_list("epoch", flat=True)) == [1, 2, 3, 4]
    assert list(run.epochs.filter(attempt=1).values_list("epoch", flat=True)) == [3]
    assert not list(state.iterdir())
    page = browser(member(workflow.survey, "scientist")).get(f"/surveys/sky/learning/runs/{run.pk}/")
    assert "this one resumed at epoch 3" in page.content.decode()


def test_a_state_is_deleted_when_its_run_has_ended_without_it(workflow):
    run = start_training(workflow=workflow, by=None, preset="small")
    state_path(run).parent.mkdir()
    for name in (state_path(run).name, "999.safetensors", ".999.safetensors.partial"):
        state_path(run).with_name(name).write_bytes(b"")
    delete_old_states()
    assert list(state_path(run).parent.iterdir()) == [state_path(run)]
    run.request_cancel()
    delete_old_states()
    assert not list(state_path(run).parent.iterdir())
