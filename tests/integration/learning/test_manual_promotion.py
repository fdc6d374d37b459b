"""An admin promotes by hand: one click where nothing speaks against a model, else a confirmation and a reason."""

import re

import pytest

from tests.integration.learning import sky
from tests.integration.people import account, browser
from webapp.archive.models import Membership
from webapp.learning import models
from webapp.learning.manual_promotion import doubts
from webapp.learning.models import Checkpoint, Evaluation, Promotion, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def checkpoint():
    return sky.checkpoint(sky.workflow(sky.survey()))


@pytest.fixture
def admin(checkpoint):
    user = account("ann")
    Membership.objects.create(user=user, survey=checkpoint.survey, role="admin")
    return browser(user)


VERDICT = "No better: AUC 0.900, -0.010 (-0.020 to 0.000) against the champion."


def evaluated(checkpoint, *, passed=True):
    frozen, _ = models.TestSet.objects.get_or_create(survey=checkpoint.survey, kind="stamp", hash="1" * 64, size=12)
    Evaluation.objects.create(checkpoint=checkpoint, test_set=frozen, metrics={"n": 12}, passed=passed, verdict=VERDICT)


def epochs(checkpoint, *losses):
    for number, loss in enumerate(losses, start=1):
        checkpoint.run.epochs.create(attempt=checkpoint.run.attempts, epoch=number, epochs=len(losses), loss=loss)


def click(admin, checkpoint, **fields):
    address = f"/surveys/sky/learning/checkpoints/{checkpoint.pk}/promote/"
    return admin.post(address, fields, follow=True).content.decode()


def page_of(admin, checkpoint):
    return admin.get(checkpoint.run.get_absolute_url()).content.decode()


def test_a_model_that_passed_the_gate_takes_one_click(checkpoint, admin):
    evaluated(checkpoint)
    epochs(checkpoint, 3.0, 0.4)
    assert doubts(checkpoint) == []
    assert "is now the champion" in click(admin, checkpoint)
    assert Checkpoint.objects.get().is_champion


@pytest.mark.parametrize(
    ("losses", "passed", "says"),
    [
        ((3.0, 240.0), True, "the loss went from 3 to 240"),
        ((3.0, float("nan")), True, "the loss went from 3 to nan"),
        ((), False, "It didn&#x27;t pass the gate."),
        ((), None, "It was never evaluated"),
    ],
)
def test_a_doubtful_one_takes_a_confirmation_and_a_reason(checkpoint, admin, losses, passed, says):
    if passed is not None:
        evaluated(checkpoint, passed=passed)
    epochs(checkpoint, *losses)
    for fields in ({}, {"reason": "Because."}, {"confirmed": "on", "reason": " "}):
        assert says in click(admin, checkpoint, **fields)
        assert not Promotion.objects.exists()
    click(admin, checkpoint, confirmed="on", reason="Its plots are better.")
    assert Promotion.objects.get().reason == "Its plots are better."


def test_a_champion_that_the_page_did_not_show_is_not_replaced(checkpoint, admin):
    rival = sky.checkpoint(checkpoint.run.workflow)
    for each in (checkpoint, rival):
        evaluated(each)
        TrainingRun.objects.filter(pk=each.run_id).update(state="done")
    pages = [admin.get(f"/surveys/sky/learning/runs/{each.run_id}/").content.decode() for each in (checkpoint, rival)]
    seen = [re.search(r'name="replaces" value="(\d+)"', page)[1] for page in pages]
    assert "is now the champion" in click(admin, checkpoint, replaces=seen[0])
    late = click(admin, rival, replaces=seen[1])
    assert f"The champion has changed meanwhile: it is model {checkpoint.pk}." in late
    assert f"Promotion replaces the champion, model {checkpoint.pk}." in late, "the page shows today's"
    assert Checkpoint.objects.get(is_champion=True) == checkpoint
    now = re.search(r'name="replaces" value="(\d+)"', late)[1]
    assert "is now the champion" in click(admin, rival, replaces=now)


def test_the_page_warns_before_a_rollback_to_a_model_that_was_promoted_in_spite_of_doubts(checkpoint, admin):
    evaluated(checkpoint)
    epochs(checkpoint, 3.0, 240.0)
    click(admin, checkpoint, confirmed="on", reason="Nothing better is there.")
    better = sky.checkpoint(checkpoint.run.workflow)
    evaluated(better)
    page = click(admin, better)
    dialog = page.partition(f"Roll back to model {checkpoint.pk}")[2].partition("</form>")[0]
    assert "Its training diverged: the loss went from 3 to 240." in dialog


def test_an_attempt_that_only_judged_leaves_the_curve_and_the_doubt_of_the_one_that_trained(checkpoint, admin):
    evaluated(checkpoint)
    epochs(checkpoint, 3.0, 240.0)
    TrainingRun.objects.update(attempts=checkpoint.run.attempts + 1)
    checkpoint.run.refresh_from_db()
    assert "the loss went from 3 to 240" in click(admin, checkpoint)
    page = f"/surveys/sky/learning/runs/{checkpoint.run_id}/"
    assert "No epoch finished yet" not in admin.get(page).content.decode()
    assert [epoch["loss"] for epoch in admin.get(f"{page}epochs.json").json()["epochs"]] == [3.0, 240.0]
    assert len(admin.get(f"{page}epochs.csv").getvalue().splitlines()) == 3


def test_the_page_of_a_run_says_once_why_it_did_not_pass(checkpoint, admin):
    evaluated(checkpoint, passed=False)
    checkpoint.run.message = VERDICT
    checkpoint.run.state = "done"
    checkpoint.run.save()
    page = admin.get(f"/surveys/sky/learning/runs/{checkpoint.run_id}/").content.decode()
    assert page.count(VERDICT) == 1


def test_the_list_of_runs_has_each_models_auc_on_the_test_set(checkpoint, admin):
    page = "/surveys/sky/learning/"
    assert '<th class="n">ROC AUC</th>' in admin.get(page).content.decode()
    evaluated(checkpoint)
    Evaluation.objects.update(metrics={"n": 12, "roc_auc": 0.8125, "intervals": {"roc_auc": [0.75, 0.875]}})
    row = admin.get(page).content.decode().partition(f'id="run-{checkpoint.run_id}"')[2].partition("</tr>")[0]
    assert "0.813" in row
    assert "(0.750–0.875)" in row


def test_a_first_champion_is_not_said_to_be_rolled_back(checkpoint, admin):
    evaluated(checkpoint)
    assert "A first champion can’t be rolled back" in page_of(admin, checkpoint)
    click(admin, checkpoint)
    assert "All champions<" in page_of(admin, checkpoint)
    later = sky.checkpoint(checkpoint.run.workflow, sha256="1")
    evaluated(later)
    assert "you can roll back at any time" in page_of(admin, later)
    click(admin, later)
    assert "All champions, and rollback<" in page_of(admin, later)
