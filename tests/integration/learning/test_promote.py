"""One champion at a time, a promotion log, and rollback."""

import re

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User

from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.consensus.consensus_rows import refresh_models
from webapp.core.jobs import Cancelled
from webapp.learning import models as rows
from webapp.learning import retention
from webapp.learning.models import Promotion, Score, ScoringRun, TrainingRun
from webapp.learning.promotion import (
    NoEarlierChampion,
    Result,
    apply_gate,
    champion_of,
    finish_unevaluated,
    previous_champion,
    promote,
    rollback,
)
from webapp.learning.retention import prune
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    workflow = sky.workflow(sky.survey())
    sky.subjects(workflow.survey, [True] * 3)
    return workflow


@pytest.fixture
def models(workflow):
    return [sky.checkpoint(workflow) for _ in range(3)]


def champion(workflow):
    return champion_of(workflow.survey, "stamp")


def test_a_promotion_is_logged_and_scores_the_archive(workflow, models):
    admin = User.objects.create(username="admin")
    promote(checkpoint=models[0], by=None, reason="The first.")
    promotion = promote(checkpoint=models[1], by=admin, reason="Better.")
    assert champion(workflow) == models[1]
    assert (promotion.previous, promotion.by, promotion.reason) == (models[0], admin, "Better.")
    assert set(ScoringRun.objects.values_list("checkpoint", flat=True)) == {models[0].pk, models[1].pk}


def test_promoting_the_champion_again_changes_nothing(workflow, models):
    promote(checkpoint=models[0], by=None, reason="The first.")
    assert promote(checkpoint=models[0], by=None, reason="Once more.") is None
    assert (Promotion.objects.count(), ScoringRun.objects.count()) == (1, 1)


def test_rolling_back_twice_goes_two_steps_and_then_says_that_there_is_no_more(workflow, models):
    for model in models:
        promote(checkpoint=model, by=None, reason="Better.")
    for expected in (models[1], models[0]):
        assert rollback(survey=workflow.survey, role="stamp", by=None).is_rollback
        assert champion(workflow) == expected
    with pytest.raises(NoEarlierChampion, match="Nothing has changed"):
        rollback(survey=workflow.survey, role="stamp", by=None)
    assert champion(workflow) == models[0]


def test_rolling_back_promotions_by_hand_leads_further_back_and_never_in_a_circle(workflow, models):
    a, b, c = models
    for model in (a, b, a, c):
        promote(checkpoint=model, by=None, reason="By hand.")
    rollback(survey=workflow.survey, role="stamp", by=None)
    assert champion(workflow) == a
    promote(checkpoint=c, by=None, reason="By hand, again.")
    for expected in (a, b, a):
        assert previous_champion(champion(workflow)) == expected
        rollback(survey=workflow.survey, role="stamp", by=None)
        assert champion(workflow) == expected
    with pytest.raises(NoEarlierChampion):
        rollback(survey=workflow.survey, role="stamp", by=None)


def test_a_consensus_compares_the_champion_with_the_model_that_a_rollback_leads_to(workflow, models):
    a, b, c = models
    subject = workflow.survey.subjects.first()
    for model, p_real in ((a, 0.1), (b, 0.2), (c, 0.3)):
        Score.objects.create(checkpoint=model, subject=subject, probabilities=[0, 1], p_real=p_real, entropy=0)
    row = sky.votes(workflow, subject, 0.9)
    for model in (a, b, a, c):
        promote(checkpoint=model, by=None, reason="By hand.")
    for p_model, p_before in ((0.3, 0.1), (0.1, 0.2), (0.2, 0.1), (0.1, None)):
        refresh_models([subject.pk])
        row.refresh_from_db()
        assert (row.p_model, row.p_before) == (p_model, p_before)
        if p_before is not None:
            rollback(survey=workflow.survey, role="stamp", by=None)


def test_of_two_admins_who_roll_back_at_once_the_second_reads_that_nothing_was_done(workflow, models):
    for model in models:
        promote(checkpoint=model, by=None, reason="Better.")
    pages = [browser(member(workflow.survey, "admin", name=name)) for name in ("ada", "bea")]
    seen = pages[0].get("/surveys/sky/learning/").content.decode()
    to = re.search(r'name="to" value="(\d+)"', seen)
    told = [
        page.post("/surveys/sky/learning/rollback/stamp/", {"to": to[1] if to else ""}, follow=True).content.decode()
        for page in pages
    ]
    assert champion(workflow) == models[1]
    assert f"Model {models[1].pk} is the champion again." in told[0]
    assert f"leads to model {models[0].pk}, not {models[1].pk}. Nothing was done." in told[1]


def test_a_model_number_of_thousands_of_digits_counts_as_none_and_breaks_nothing(workflow, models):
    for model in models:
        promote(checkpoint=model, by=None, reason="Better.")
    page = browser(member(workflow.survey, "admin"))
    answer = page.post("/surveys/sky/learning/rollback/stamp/", {"to": "9" * 5000}, follow=True)
    assert f"Model {models[1].pk} is the champion again." in answer.content.decode()


def passes_the_gate(run, checkpoint):
    frozen = rows.TestSet.objects.create(survey=run.survey, kind="stamp", hash="0", size=12)
    result = Result(labels=100, auc=0.9, auc_low=0.8)
    apply_gate(run=run, checkpoint=checkpoint, champion=None, test_set=frozen, metrics={}, result=result)


def is_not_evaluated(run, checkpoint):
    finish_unevaluated(run=run, checkpoint=checkpoint, why="Too little gold.")


@pytest.mark.parametrize("end", [passes_the_gate, is_not_evaluated])
def test_a_run_that_is_cancelled_while_its_model_is_evaluated_changes_nothing(workflow, end):
    run = TrainingRun.objects.claim(start_training(workflow=workflow, by=None).pk)
    model = sky.checkpoint(workflow)
    page = browser(member(workflow.survey, "admin"))
    told = page.post(f"/surveys/sky/learning/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "The champion and all labels stay unchanged." in told
    with pytest.raises(Cancelled):
        end(run, model)
    assert champion(workflow) is None
    assert not ScoringRun.objects.exists()


def test_roles_and_surveys_have_champions_of_their_own(workflow, models):
    other = sky.workflow(sky.survey("other"))
    tracklets = sky.workflow(workflow.survey, slug="tracklets", kind="tracklet")
    champions = [models[0], sky.checkpoint(other), sky.checkpoint(tracklets)]
    for model in champions:
        promote(checkpoint=model, by=None, reason="The first.")
    for model in champions:
        assert champion_of(model.survey, model.role) == model


def test_scores_are_kept_of_champion_predecessor_and_each_workflows_newest_shadow(workflow, models):
    control = sky.workflow(workflow.survey, slug="control")
    controls = [sky.checkpoint(control) for _ in range(2)]
    for model in models:
        promote(checkpoint=model, by=None, reason="Better.")
    shadow, newest = sky.checkpoint(workflow), sky.checkpoint(workflow)
    everyone = [*models, *controls, shadow, newest]
    for model in everyone:
        if model != shadow:  # evaluated only: it has scored the test set
            ScoringRun.objects.create(survey=workflow.survey, checkpoint=model)
        for subject in workflow.survey.subjects.all():
            Score.objects.create(checkpoint=model, subject=subject, probabilities=[0, 1], p_real=1, entropy=0)
    assert prune(models[2]) == 9
    kept = set(Score.objects.values_list("checkpoint", flat=True))
    assert kept == {models[2].pk, models[1].pk, controls[1].pk, newest.pk}


def test_a_model_that_becomes_champion_while_old_scores_are_deleted_keeps_its_own(workflow, models, monkeypatch):
    def somebody_promotes(*_):
        promote(checkpoint=models[0], by=None, reason="By hand.")

    for model in models[:2]:
        for subject in workflow.survey.subjects.all():
            Score.objects.create(checkpoint=model, subject=subject, probabilities=[0, 1], p_real=1, entropy=0)
    promote(checkpoint=models[2], by=None, reason="Better.")
    monkeypatch.setattr(retention, "_forget_features", somebody_promotes)
    assert prune(models[2]) == 0
    assert champion(workflow) == models[0]
    assert Score.objects.filter(checkpoint=models[0]).count() == 3


def test_features_go_with_the_last_model_that_reads_them(workflow):
    store = PixelStore(settings.PIXELS)
    array = store.arrays("sky")[0]
    for key in ("frozen", "first", "second"):
        store.write_features("sky", array, key, 0, np.zeros((3, 1, 8)))
    whole = [("small", "first"), ("head", "frozen"), ("small", "second"), ("head", "second"), ("head", "second")]
    for preset, key in whole:
        model = sky.checkpoint(workflow, manifest={"preset": preset, "feature_key": key})
        promote(checkpoint=model, by=None, reason="Better.")
    prune(model)
    opened_later = PixelStore(settings.PIXELS)
    for key in ("frozen", "second"):
        assert (opened_later.features("sky", array, key, 0, 3) == 0).all()
    with pytest.raises(FileNotFoundError):
        opened_later.features("sky", array, "first", 0, 3)


def test_features_of_an_imported_heads_own_network_go_with_the_last_model_that_reads_them(workflow):
    store = PixelStore(settings.PIXELS)
    array = store.arrays("sky")[0]
    store.write_features("sky", array, "own", 0, np.zeros((3, 1, 8)))
    imported = sky.checkpoint(workflow, manifest={"preset": "head", "feature_key": "own", "own_network": True})
    heads = [sky.checkpoint(workflow, manifest={"preset": "head", "feature_key": key}) for key in ("own", "frozen")]
    for model in (imported, *heads):
        promote(checkpoint=model, by=None, reason="Better.")
    prune(heads[1])
    assert (PixelStore(settings.PIXELS).features("sky", array, "own", 0, 3) == 0).all(), (
        "the champion before reads them"
    )
    for _ in range(2):
        promote(checkpoint=sky.checkpoint(workflow), by=None, reason="Better.")
    prune(champion(workflow))
    with pytest.raises(FileNotFoundError):
        PixelStore(settings.PIXELS).features("sky", array, "own", 0, 3)
