"""Rules that a workflow can choose: where heads disagree, classes with few labels, and every night in its turn."""

import numpy as np
import pytest
from django.conf import settings

from ml.acquisition.rules import Rule
from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.learning import acquisition, scores
from webapp.learning.acquisition import write_priorities
from webapp.learning.curate_labels import curate
from webapp.workflows.models import Acquisition

pytestmark = pytest.mark.django_db
KEY = "0123456789abcdef"
CLASSES = ["CR", "SAT", "AST"]
ASKED, GOLD = 200, 120
STRANGE = 10
"""Of those asked about, the first so many are of a kind with few labels."""


@pytest.fixture(autouse=True)
def short_batch(monkeypatch):
    monkeypatch.setattr(acquisition, "HEAD", 20)


@pytest.fixture
def workflow():
    survey = sky.survey(classes=CLASSES, positive=["AST"])
    return sky.workflow(survey, positive_fraction=0.0)


@pytest.fixture
def rows(workflow):
    rows = sky.subjects(workflow.survey, [True] * ASKED)
    sky.queue(workflow, rows)
    return rows


@pytest.fixture
def champion(workflow, rows):
    """Make a champion with features, trained on gold: cosmic rays and asteroids, and one satellite."""
    gold = sky.subjects(workflow.survey, [True] * GOLD, prefix="gold")
    for place, row in enumerate(gold):
        row.gold_label, row.gold_source = ("SAT" if place == 1 else CLASSES[place % 2 * 2]), "manifest"
    Subject.objects.bulk_update(gold, ["gold_label", "gold_source"])
    random = np.random.default_rng(0)
    kind = np.concatenate([np.full(STRANGE, 2), np.arange(ASKED - STRANGE) % 2, np.arange(GOLD) % 2])
    kind[ASKED + 1] = 2
    features = random.normal(0, 0.1, (ASKED + GOLD, 1, 4)) + 8 * np.eye(3, 4)[kind][:, None]
    PixelStore(settings.PIXELS).write_features(workflow.survey.slug, rows[0].zarr_array, KEY, 0, features)
    manifest = {"preset": "head", "feature_key": KEY, "classes": CLASSES, "positive": ["AST"]}
    made = sky.checkpoint(workflow, is_champion=True, manifest=manifest)
    made.run.training_set = curate(workflow)
    made.run.save()
    return made


def score(champion, rows, p):
    """Store class probabilities (n, 3)."""
    p = np.asarray(p, dtype=float)
    scores.write_scores(champion.pk, np.array([row.pk for row in rows]), p, p[:, 2])


def first(workflow, n):
    return list(workflow.queue.order_by("-priority", "id").values_list("subject", flat=True)[:n])


def chosen(workflow, reason):
    return set(workflow.queue.filter(reason=reason).values_list("subject", flat=True))


def test_subjects_about_which_heads_disagree_come_first_although_the_model_is_as_unsure_of_others(
    workflow, champion, rows, monkeypatch
):
    # The subjects' numbers seed the samples of the heads. In three of ten all heads have the one satellite, and agree.
    monkeypatch.setattr(acquisition, "_chance", lambda checkpoint: np.random.default_rng(1))
    score(champion, rows, [[0.5, 0.0, 0.5]] * ASKED)
    workflow.acquisition = "disagree"
    workflow.save()
    write_priorities(workflow, champion)
    strange = {row.pk for row in rows[:STRANGE]}
    assert set(first(workflow, 2)) <= strange
    assert len(strange & set(first(workflow, 20))) >= 3  # one is expected at random; clusters take turns
    assert chosen(workflow, "disagreed") == {row.pk for row in rows}


def test_without_features_uncertainty_stands_in_for_disagreement(workflow, champion, rows):
    score(champion, rows, [[0.5, 0.0, 0.5]] * ASKED)
    champion.manifest["feature_key"] = ""
    workflow.acquisition = "disagree"
    assert write_priorities(workflow, champion).lacks_features
    assert chosen(workflow, "uncertain") == {row.pk for row in rows}


@pytest.mark.parametrize(("order", "reason"), [("margin", "uncertain"), ("errors", "vote")])
def test_a_workflow_asks_first_where_the_margin_is_smallest_or_a_vote_corrects_most(
    workflow, champion, rows, order, reason
):
    p_real = np.where(np.arange(ASKED) < STRANGE, 0.5, 0.01)
    score(champion, rows, np.stack([1 - p_real, np.zeros(ASKED), p_real], axis=1))
    champion.manifest["feature_key"] = ""
    workflow.acquisition = order
    workflow.full_clean()
    write_priorities(workflow, champion)
    assert set(first(workflow, STRANGE)) == {row.pk for row in rows[:STRANGE]}
    assert chosen(workflow, reason) == {row.pk for row in rows}


def test_every_rule_can_be_chosen_for_a_workflow():
    """Random and typical subjects, likely movers and rare classes have settings, or a batch, of their own."""
    main = {rule for rule, _ in acquisition._MAIN.values()}
    assert set(acquisition._MAIN) == set(Acquisition)
    assert main == set(Rule) - {Rule.RANDOM, Rule.TYPICAL, Rule.POSITIVE, Rule.RARE}


def test_a_share_of_the_batch_is_of_classes_with_few_labels(workflow, champion, rows):
    p = np.tile([0.5, 0.0, 0.5], (ASKED, 1))
    p[:STRANGE] = 0.05, 0.9, 0.05
    score(champion, rows, p)
    workflow.rare_fraction = 0.25
    write_priorities(workflow, champion)
    rare = chosen(workflow, "rare")
    assert len(rare) == 5
    assert rare <= {row.pk for row in rows[:STRANGE]}


def test_where_scores_have_no_classes_the_model_s_doubt_decides_instead(workflow, champion, rows):
    """A tracklet model's scores are of bogus and real, whatever classes its detections have."""
    champion.role = "tracklet"
    p_real = np.where(np.arange(ASKED) < STRANGE, 0.5, 0.01)
    scores.write_scores(champion.pk, np.array([row.pk for row in rows]), np.stack([1 - p_real, p_real], axis=1), p_real)
    workflow.acquisition, workflow.rare_fraction = "uncertain", 0.25
    write_priorities(workflow, champion)
    assert chosen(workflow, "rare") == set()
    assert set(first(workflow, STRANGE)) == {row.pk for row in rows[:STRANGE]}


@pytest.mark.parametrize(("order", "of_good"), [("diverse", range(8)), ("nightly", range(9, 12))])
def test_a_bad_night_does_not_fill_the_batch_when_each_night_has_its_turn(workflow, champion, rows, order, of_good):
    good = rows[ASKED // 2 :]
    for row in rows:
        row.mjd = 60_001.4 if row in good else 60_000.4
    Subject.objects.bulk_update(rows, ["mjd"])
    score(champion, rows, np.where(np.arange(ASKED)[:, None] < ASKED // 10, [[0.5, 0, 0.5]], [[0.8, 0, 0.2]]))
    workflow.acquisition = order
    write_priorities(workflow, champion)
    assert len({row.pk for row in good} & set(first(workflow, 20))) in of_good
