"""A survey tries FixMatch on its archive: from which subjects it learns, and that nobody is judged by them."""

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError

from ml.training import fixmatch
from tasks.learning import train
from tests.integration.learning import sky
from tests.integration.learning.runs import take_up, trained
from tests.integration.people import browser, member
from webapp.archive.models import Subject
from webapp.core.jobs import JobState
from webapp.learning import models, test_sets, training_sets, unlabelled_pool
from webapp.learning.models import TrainingRun
from webapp.learning.test_sets import current_held_out, is_test_group
from webapp.learning.triggers import start_training
from webapp.learning.unlabelled_pool import pool_labels, unlabelled

pytestmark = pytest.mark.django_db

REAL = np.arange(80) % 2 == 0


@pytest.fixture(autouse=True)
def brief(sky_backbone, monkeypatch):
    """Start from the sky backbone, and take few steps."""
    for name, value in {"STEPS": 6, "ROUNDS": 3, "LABELLED": 8, "UNLABELLED": 8}.items():
        monkeypatch.setattr(fixmatch, name, value)


@pytest.fixture
def workflow():
    return sky.gold_workflow(REAL)


@pytest.fixture
def pool(workflow):
    return sky.subjects(workflow.survey, REAL, prefix="u", seed=1)


def groups_of(labels):
    return {label.object_group for label in labels}


def test_a_run_learns_from_the_archive_and_is_judged_as_any_other(workflow, pool):
    run = trained(workflow, preset="fixmatch")
    assert run.state == JobState.DONE, run.error
    drawn = pool_labels(run)
    assert groups_of(drawn) == {row.object_group for row in pool if not is_test_group(row.object_group)}
    learnt = run.checkpoint.manifest["unlabelled"]
    assert 0.6 * len(drawn) < learnt < len(drawn)
    evaluation = run.checkpoint.evaluations.get()
    assert evaluation.metrics["roc_auc"] > 0.9
    assert evaluation.verdict == run.message
    page = browser(member(workflow.survey, "scientist")).get(f"/surveys/sky/learning/runs/{run.pk}/").content.decode()
    assert f"Also learnt from {learnt} unlabelled subjects of the archive" in page
    assert "FixMatch" in page


def test_no_object_that_may_be_tested_on_is_in_the_pool(workflow, pool):
    """A subject without gold today may have it tomorrow, so its object's hash alone keeps it out."""
    night = pool[0]
    night.mjd = 60000.5
    shared = next(row for row in pool[1:] if not is_test_group(row.object_group))
    gold = Subject.objects.gold().filter(survey=workflow.survey)
    shared.object_group = next(
        group for group in gold.values_list("object_group", flat=True) if not is_test_group(group)
    )
    kept, voted = [row for row in pool[2:] if not is_test_group(row.object_group) and row is not shared][:2]
    Subject.objects.bulk_update([night, shared], ["mjd", "object_group"])
    test_sets.freeze(survey=workflow.survey, kind="stamp")
    models.TestSet.objects.update(nights=[60000.0], groups=[kept.object_group])
    sky.votes(workflow, voted, posterior=0.999, is_retired=True)
    found = set(unlabelled(workflow).values_list("object_group", flat=True))
    assert found
    assert not any(is_test_group(group) for group in found)
    assert not found & {row.object_group for row in (night, shared, kept, voted)}
    assert current_held_out(workflow.survey, "stamp").groups == [kept.object_group]


def test_duplicates_synthetics_and_subjects_without_pixels_or_of_another_shape_are_left_out(workflow, pool):
    rows = [row for row in pool if not is_test_group(row.object_group)][:4]
    rows[0].duplicate_of, rows[1].is_synthetic, rows[2].pixels_dropped_at = pool[-1], True, pool[-1].created_at
    Subject.objects.bulk_update(rows, ["duplicate_of", "is_synthetic", "pixels_dropped_at"])
    sky.subjects(workflow.survey, REAL[:20], prefix="large", side=31)
    run = start_training(workflow=workflow, by=None, preset="fixmatch")
    run.pool = unlabelled_pool.draw(workflow, "1x1x21x21")
    found = {label.external_id for label in pool_labels(run)}
    assert rows[3].external_id in found
    assert not found & {row.external_id for row in rows[:3]}
    assert all(name.startswith("u") for name in found)


def test_a_run_that_resumes_learns_from_the_same_subjects_though_more_came(workflow, pool, monkeypatch):
    report = train._report

    def killed(row, epoch):
        report(row, epoch)
        if epoch.epoch == 2:
            raise OperationalError("As if the worker were gone.")

    with monkeypatch.context() as patched:
        patched.setattr(train, "_report", killed)
        run = trained(workflow, preset="fixmatch")
    before = pool_labels(run)
    sky.subjects(workflow.survey, REAL[:20], prefix="later", seed=2)
    take_up(run)
    assert (run.state, run.resumed_at) == (JobState.DONE, 2), run.error
    assert pool_labels(run) == before


def test_an_object_that_was_learnt_from_judges_neither_the_model_nor_one_that_goes_on_from_it(workflow, pool):
    run = trained(workflow, preset="fixmatch")
    later = sky.checkpoint(workflow, manifest=run.checkpoint.manifest | {"init": run.checkpoint.sha256})
    labels = test_sets.frozen_labels(models.TestSet.objects.get())
    assert len(training_sets.unseen_by(later, labels)) == len(labels)
    drawn = pool_labels(run)
    for model in (run.checkpoint, later):
        assert training_sets.unseen_by(model, drawn) == []


def test_an_archive_without_other_subjects_fails_with_a_sentence(workflow):
    run = trained(workflow, preset="fixmatch")
    assert run.state == JobState.FAILED
    assert "FixMatch learns from unlabelled stamps too, and there are none" in run.error


def test_it_is_offered_to_admins_by_page_and_api_and_only_for_stamps(workflow, pool):
    admin = browser(member(workflow.survey, "admin"))
    assert "FixMatch: learn from labels and unlabelled stamps" in admin.get("/surveys/sky/learning/").content.decode()
    asked = {"workflow": workflow.pk, "preset": "fixmatch"}
    assert admin.post("/surveys/sky/learning/start/", asked).status_code == 302
    TrainingRun.objects.get(preset="fixmatch").request_cancel()
    by_api = admin.post("/api/training-runs/", asked | {"workflow": "sky"}, content_type="application/json")
    assert (by_api.status_code, by_api.json()["preset"]) == (201, "fixmatch")
    tracklets = sky.workflow(workflow.survey, kind="tracklet", slug="tracklets")
    with pytest.raises(ValidationError, match="FixMatch is for workflows about stamps"):
        start_training(workflow=tracklets, by=None, preset="fixmatch")
