"""The page of a training run: its figures agree with one another, and say what they are of."""

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.learning.runs import trained
from tests.integration.people import browser, member
from webapp.core.jobs import JobState
from webapp.learning.comparison import Performance, comparable_subjects
from webapp.learning.messages import DAMAGED_WEIGHTS, LEARNING, UNSOUND_MODEL
from webapp.learning.models import TrainingEpoch, TrainingRun
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

REAL = np.arange(160) % 2 == 0
CLASSES = ["CR", "NOISE", "AST"]


@pytest.fixture
def workflow():
    """A workflow of a survey with fine classes; one gold label in five is wrong, so that models err."""
    workflow = sky.workflow(sky.survey(classes=CLASSES, positive=["AST"]))
    rows = sky.subjects(workflow.survey, REAL)
    for n, row in enumerate(rows):
        row.gold_label = "AST" if REAL[n] != (n % 5 == 0) else CLASSES[n // 2 % 2]
        row.gold_source = "manifest"
        row.save()
    return workflow


def page_of(run):
    return browser(member(run.survey, "scientist")).get(f"/surveys/{run.survey.slug}/learning/runs/{run.pk}/")


def test_the_decisions_at_the_threshold_are_shown_before_the_most_probable_classes(workflow):
    run = trained(workflow)
    page, evaluation = page_of(run), run.checkpoint.evaluations.get()
    decisions, classes = page.context["confusions"]
    (bogus, false), (missed, hit) = (row for _, row in decisions["rows"])
    assert missed or false, "A model without mistakes shows nothing here."
    assert hit / (hit + false) == pytest.approx(evaluation.metrics["precision"])
    assert hit / (hit + missed) == pytest.approx(evaluation.metrics["recall"])
    assert classes["classes"] == CLASSES
    shown = page.content.decode()
    assert shown.index('id="confusion"') < shown.index('id="class-confusion"')
    assert "in the column of its most probable class, so the totals differ" in shown
    rows = comparable_subjects(evaluation.test_set, run.checkpoint)
    assert Performance(run.checkpoint, rows.is_real, rows.p_real[0]).confusion == [(bogus, false), (missed, hit)]


def test_a_survey_without_classes_has_one_confusion_matrix():
    page = page_of(trained(sky.gold_workflow(REAL)))
    (only,) = page.context["confusions"]
    assert only["classes"] == ["no", "yes"]
    assert "most probable class" not in page.content.decode()


@pytest.mark.parametrize("kind", ["stamp", "tracklet"])
def test_an_epochs_accuracy_is_named_after_what_it_is_of(workflow, kind):
    of = workflow if kind == "stamp" else sky.workflow(workflow.survey, kind, "tracks")
    run = sky.checkpoint(of, manifest={"classes": CLASSES}).run
    TrainingEpoch.objects.create(run=run, attempt=0, epoch=1, epochs=1, loss=0.5, metrics={"accuracy": 0.5})
    shown = page_of(run).content.decode()
    assert ("Accuracy (classes)" in shown) == ("data-classes" in shown) == (kind == "stamp")


@pytest.mark.parametrize("known", [(), ("roc_auc",), ("accuracy", "roc_auc")])
def test_metrics_that_no_epoch_has_are_left_out(workflow, known):
    run = sky.checkpoint(workflow).run
    metrics = dict.fromkeys(known, 0.5)
    TrainingEpoch.objects.create(run=run, attempt=0, epoch=1, epochs=1, loss=0.5, val_loss=0.4, metrics=metrics)
    shown = page_of(run).content.decode()
    table = shown.split('id="epochs-table"')[1]
    assert (">Accuracy<" in table, ">ROC AUC<" in table) == ("accuracy" in known, "roc_auc" in known)
    assert ">–<" not in table
    assert ("<figure hidden>" in shown) == (not known)


def test_a_cancelled_run_says_so_in_the_list_as_on_its_page(workflow):
    run = start_training(workflow=workflow, by=None)
    TrainingRun.objects.filter(pk=run.pk).update(message=LEARNING(count=254))
    run.request_cancel()
    scientist = browser(member(run.survey, "scientist"))
    for page in (scientist.get("/surveys/sky/learning/"), scientist.get(run.get_absolute_url())):
        shown = page.content.decode()
        assert "Cancelled. The champion and all labels are unchanged." in shown
        assert "Training on 254 labels." not in shown


@pytest.fixture
def failed(workflow):
    run = start_training(workflow=workflow, by=None)
    TrainingRun.objects.update(state=JobState.FAILED, error="The disk is full.", finished_at=timezone.now())
    return run


def test_an_admin_tries_a_failed_run_again_from_its_page(failed):
    admin, address = browser(member(failed.survey, "admin")), failed.get_absolute_url()
    assert f'action="{address}retry/"' in admin.get(address).content.decode()
    assert "The job is queued again." in admin.post(f"{address}retry/", follow=True).content.decode()
    failed.refresh_from_db()
    assert (failed.state, failed.error) == (JobState.QUEUED, "")
    assert "has not failed" in admin.post(f"{address}retry/", follow=True).content.decode()


def test_nobody_else_tries_it_again(failed, django_user_model):
    stranger, scientist = django_user_model.objects.create_user("stranger"), member(failed.survey, "scientist")
    for client in map(browser, (stranger, scientist)):
        assert client.post(f"{failed.get_absolute_url()}retry/").status_code == 403
    assert "Try again" not in browser(scientist).get(failed.get_absolute_url()).content.decode()
    assert TrainingRun.objects.get().state == JobState.FAILED


@pytest.mark.parametrize("error", [DAMAGED_WEIGHTS(), UNSOUND_MODEL(error="classes")])
def test_an_import_whose_files_stay_bad_leads_to_another_import_and_is_not_tried_again(failed, error):
    TrainingRun.objects.update(preset="imported", error=error)
    admin, boss = browser(member(failed.survey, "admin")), browser(User.objects.create_superuser("boss"))
    page = admin.get(failed.get_absolute_url()).content.decode()
    assert 'href="/surveys/sky/learning/import/"' in page
    for shown in (page, boss.get("/status/").content.decode()):
        assert "Try again" not in shown
    page = admin.post(f"{failed.get_absolute_url()}retry/", follow=True).content.decode()
    assert "This job would fail again: nothing was changed." in page
    assert TrainingRun.objects.get().state == JobState.FAILED


@pytest.mark.parametrize(("preset", "leads_to"), [("head", "#start"), ("imported", "import/")])
def test_a_cancelled_run_leads_admins_to_a_new_one(workflow, preset, leads_to):
    run = start_training(workflow=workflow, by=None, preset=preset)
    run.request_cancel()
    link = f'class="button" href="/surveys/sky/learning/{leads_to}"'
    assert link in browser(member(run.survey, "admin")).get(run.get_absolute_url()).content.decode()
    assert link not in page_of(run).content.decode()
