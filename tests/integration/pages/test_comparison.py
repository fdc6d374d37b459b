"""Scientists compare two models: on the frozen test set, and by what they answer differently."""

import csv
from datetime import UTC, datetime

import numpy as np
import pytest
from django.utils.html import escape

from tasks.learning import train
from tests.integration.learning import sky
from tests.integration.people import HTMX, account, browser, member
from webapp.learning import test_sets
from webapp.learning.models import Checkpoint, Score, ScoringRun
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/learning/compare/"
REAL = np.arange(160) % 2 == 0


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey("night"))


@pytest.fixture
def rows(workflow):
    rows = sky.subjects(workflow.survey, REAL)
    sky.make_gold(rows, REAL)
    return rows


@pytest.fixture
def scientist(workflow):
    return browser(member(workflow.survey, "scientist"))


def scored(workflow, rows, p_real):
    """Create a model with these scores."""
    model = sky.checkpoint(workflow)
    Score.objects.bulk_create(
        Score(checkpoint=model, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.1)
        for row, p in zip(rows, p_real, strict=True)
    )
    return model


def models(workflow, rows):
    """Two models: one that cannot tell, and one that is wrong about one real and one bogus test subject."""
    frozen = test_sets.freeze(survey=workflow.survey, kind="stamp")
    judged = {label.subject_id for label in test_sets.frozen_labels(frozen)}
    noise = np.random.default_rng(4).uniform(0.1, 0.9, len(rows))
    good = np.where(REAL, 0.9, 0.1)
    wrong = [next(n for n, row in enumerate(rows) if row.pk in judged and REAL[n] == real) for real in (True, False)]
    good[wrong] = 1 - good[wrong]
    return scored(workflow, rows, noise), scored(workflow, rows, good), [rows[n] for n in wrong]


def compared(scientist, first, second, part=""):
    return scientist.get(f"{PAGE}{part}?first={first.pk}&second={second.pk}", headers=HTMX)


def test_the_better_model_is_named_with_its_interval_and_its_mistakes(workflow, rows, scientist):
    worse, better, (missed, false) = models(workflow, rows)
    answer = compared(scientist, worse, better)
    page = answer.content.decode()
    assert f"Model {better.pk} is better." in page
    assert answer.context["gain"]["low"] > 0
    of_better = answer.context["mistakes"][1]
    assert [subject.pk for subject, _ in of_better["missed"]] == [missed.pk]
    assert [subject.pk for subject, _ in of_better["false"]] == [false.pk]
    for subject in (missed, false):
        assert f'<li><a href="/surveys/night/subjects/{subject.pk}/"><img src="/' in page
    n = len(answer.context["rows"].subjects)
    assert (
        sum(map(sum, answer.context["models"][1].confusion))
        == n
        == len(test_sets.frozen_labels(answer.context["frozen"]))
    )
    assert f"Model {better.pk} is better." in compared(scientist, better, worse).content.decode()


def test_a_list_of_mistakes_that_is_cut_short_says_of_how_many(workflow, rows, scientist):
    test_sets.freeze(survey=workflow.survey, kind="stamp")
    wrong, right = (scored(workflow, rows, np.where(REAL, p, 1 - p)) for p in (0.1, 0.9))
    answer = compared(scientist, wrong, right)
    (rejected, false), (missed, found) = answer.context["models"][0].confusion
    page = answer.content.decode()
    assert min(false, missed) > 24
    assert rejected == found == 0
    assert f"Bogus subjects called real, most confident first: 24 of {false}<" in page
    assert f"Real subjects called bogus, most confident first: 24 of {missed}<" in page


def test_models_of_one_day_and_recipe_are_told_apart(workflow, rows, scientist):
    other = sky.workflow(workflow.survey, slug="other", name="Control arm")
    first = sky.checkpoint(workflow)
    sky.checkpoint(other)
    Checkpoint.objects.filter(pk=first.pk).update(created_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    choices = [str(label) for _, label in scientist.get(PAGE).context["form"].fields["first"].choices]
    assert any(", 2026-01-02 03:04" in label and label.endswith(f" · {workflow.name}") for label in choices)
    assert any(label.endswith(" · Control arm") for label in choices)


@pytest.mark.usefixtures("tasks_in_the_tests_transaction")
def test_a_candidate_that_has_scored_nothing_else_is_compared_on_the_test_set(workflow, rows, scientist, monkeypatch):
    monkeypatch.setattr("webapp.learning.promotion.score_shadow", lambda *models: None)
    for is_control in (False, True):
        train.run(start_training(workflow=workflow, by=None, is_control=is_control).pk)
    first, second = Checkpoint.objects.order_by("pk")
    assert (first.is_champion, second.is_champion, second.scoring_runs.exists()) == (True, False, False)
    page = compared(scientist, first, second)
    shown = [performance.metrics["roc_auc"] for performance in page.context["models"]]
    assert shown == pytest.approx([model.evaluations.get().metrics["roc_auc"] for model in (first, second)])
    assert page.context["rows"].unscored == 0


def test_the_points_of_each_curve_are_downloaded(workflow, rows, scientist):
    first, second, _ = models(workflow, rows)
    page = compared(scientist, first, second)
    for name in ("curves", "calibration"):
        address = page.context["csv"][name]
        assert escape(address) in page.content.decode()
        lines = list(csv.DictReader(scientist.get(address).getvalue().decode().splitlines()))
        assert {line["model"] for line in lines} == {str(first.pk), str(second.pk)}
        drawn = page.context["curves"][name]
        assert [float(line[column]) for line in lines for column in drawn] == pytest.approx(
            [row[column] for row in zip_rows(drawn) for column in drawn]
        )
    assert [line["subjects"] for line in lines if line["model"] == str(second.pk)]
    kept = [row for row in page.context["curve_table"].rows if row[0] == second.pk]
    assert kept[0][4] > 0.9  # precision where half are kept
    assert compared(scientist, first, second, "other.csv").status_code == 404
    assert compared(scientist, first, first, "curves.csv").status_code == 400


def zip_rows(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_changed_answers_of_the_whole_archive_are_counted_shown_and_downloaded(workflow, rows, scientist):
    first, second = scored(workflow, rows, np.where(REAL, 0.9, 0.1)), scored(workflow, rows, np.full(len(rows), 0.6))
    answer = compared(scientist, first, second, "changed/")
    assert (answer.context["to_yes"], answer.context["to_no"]) == (80, 0)
    assert len(answer.context["cards"]) == 24
    page = answer.content.decode()
    assert "80 go from no to yes, and 0 from yes to no" in page
    assert all(
        f'<a href="/surveys/night/subjects/{subject.pk}/"><img src="/' in page
        for subject, *_ in answer.context["cards"]
    )
    lines = compared(scientist, first, second, "changed.csv").getvalue().decode().split()
    assert len(lines) == 81
    again = compared(scientist, second, scored(workflow, rows, np.full(len(rows), 0.7)), "changed/")
    assert "gets the same answer from both" in again.content.decode()


def test_what_cannot_be_compared_is_said(workflow, rows, scientist):
    assert "aren't two models to compare yet" in scientist.get(PAGE).content.decode()
    first = scored(workflow, rows, np.full(len(rows), 0.5))
    second = sky.checkpoint(workflow)
    assert "There is no test set yet." in compared(scientist, first, second).content.decode()
    test_sets.freeze(survey=workflow.survey, kind="stamp")
    assert "too few to compare them" in compared(scientist, first, second).content.decode()
    same = compared(scientist, first, first)
    assert same.status_code == 400
    assert "two different models of the same role" in same.content.decode()
    assert scientist.get(f"{PAGE}?first=999999&second=x").status_code == 400


def test_an_admin_has_the_archive_scored_with_a_model_that_has_not(workflow, rows, scientist):
    first, second = scored(workflow, rows, np.full(len(rows), 0.5)), sky.checkpoint(workflow)
    first.is_champion = True
    first.save()
    start_scoring(first)
    button = f"Score the archive with model {second.pk}"
    score = f"{PAGE}{second.pk}/score/?first={first.pk}&second={second.pk}"
    page = compared(scientist, first, second).content.decode()
    assert f"Model {second.pk} has not scored the whole archive" in page
    assert button not in page
    assert f"Model {first.pk} has not scored" not in page
    assert [each.post(score).status_code for each in (scientist, browser(account("stranger")))] == [403, 403]
    assert not second.scoring_runs.exists()
    admin = browser(member(workflow.survey, "admin"))
    assert button in compared(admin, first, second).content.decode()
    page = admin.post(score, follow=True).content.decode()
    assert f"Scoring the archive with model {second.pk}." in page
    assert button not in page
    assert (
        f"Nothing was started: model {second.pk} has scored the archive"
        in admin.post(score, follow=True).content.decode()
    )
    assert second.scoring_runs.get().shards.exists()


def test_scores_that_would_be_deleted_at_once_are_not_offered(workflow, rows):
    old, new = sky.checkpoint(workflow), sky.checkpoint(workflow)
    admin = browser(member(workflow.survey, "admin"))
    page = compared(admin, old, new).content.decode()
    assert (f"archive with model {new.pk}" in page, f"archive with model {old.pk}" in page) == (True, False)
    assert (f"of model {new.pk} are not kept" in page, f"of model {old.pk} are not kept" in page) == (False, True)
    assert "changed/" not in page, "nothing says that both give the same answers"
    admin.post(f"{PAGE}{old.pk}/score/")
    assert not ScoringRun.objects.exists()


def test_scientists_read_the_models_page_and_only_admins_act(workflow, rows, scientist):
    model, other, _ = models(workflow, rows)
    pages = [
        "",
        f"runs/{model.run_id}/",
        f"runs/{model.run_id}/progress/",
        f"runs/{model.run_id}/epochs.csv",
        "compare/",
        f"compare/curves.csv?first={model.pk}&second={other.pk}",
    ]
    stranger = browser(account("stranger"))
    for page in pages:
        assert scientist.get(f"/surveys/night/learning/{page}", headers=HTMX).status_code == 200
        assert stranger.get(f"/surveys/night/learning/{page}").status_code == 403
    read = scientist.get("/surveys/night/learning/").content.decode()
    assert "Start run" not in read
    assert "Freeze a new test set" not in read
    assert "Promote model" not in scientist.get(f"/surveys/night/learning/runs/{model.run_id}/").content.decode()
    for write in ("start/", f"checkpoints/{other.pk}/promote/", "rollback/stamp/", "test-sets/stamp/freeze/"):
        assert scientist.post(f"/surveys/night/learning/{write}", {"reason": "x", "confirmed": "on"}).status_code == 403
    assert not any(each.is_champion for each in type(model).objects.all())
