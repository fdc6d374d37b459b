"""A training set is a hashed snapshot: the best source of each label, and nothing of the test side."""

import uuid

import numpy as np
import pytest

from tasks.learning.examples import examples
from tests.integration.learning import sky
from tests.integration.world import make_volunteer
from webapp.classifications.models import Classification
from webapp.learning import curate_labels, label_snapshot, models, test_sets, training_sets
from webapp.learning.curate_labels import labels, plurality
from webapp.learning.model_roles import classes_of
from webapp.learning.test_sets import is_test_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return sky.survey(classes=["CR", "NOISE", "AST", "COMET"], positive=["AST", "COMET"])


@pytest.fixture
def workflow(survey):
    return sky.workflow(survey)


def trainable(rows):
    return [row for row in rows if not is_test_group(row.object_group)]


def label_of(workflow, row):
    return next(label for label in labels(workflow) if label.subject_id == row.pk)


def test_gold_outranks_votes_and_a_ruling_names_itself(survey, workflow):
    gold, ruled, voted = trainable(sky.subjects(survey, [True] * 12))[:3]
    sky.make_gold([gold, ruled], [False, True])
    ruled.gold_label, ruled.gold_source = "COMET", "ruling"
    ruled.save()
    for row in (gold, ruled, voted):
        sky.votes(workflow, row, posterior=0.95)
    found = {label.subject_id: label for label in labels(workflow)}
    assert (found[gold.pk].label, found[gold.pk].source, found[gold.pk].p_yes) == ("no", "gold", 0.0)
    assert found[gold.pk].allowed == ("CR", "NOISE")
    assert (found[ruled.pk].label, found[ruled.pk].source, found[ruled.pk].allowed) == ("yes", "ruling", ("COMET",))
    assert (found[voted.pk].label, found[voted.pk].source, found[voted.pk].p_yes) == ("yes", "consensus", 0.95)
    assert set(found[voted.pk].allowed) == {"AST", "COMET", "CR", "NOISE"}, "each side with its probability"


@pytest.mark.parametrize(
    ("posterior", "fields", "label"),
    [
        (0.9, {}, "yes"),
        (0.1, {}, "no"),
        (0.89, {}, None),
        (0.5, {"is_retired": True, "retired_reason": "classification_count"}, None),
        (0.8, {"is_retired": True, "retired_reason": "consensus"}, "yes"),
        (0.2, {"is_retired": True, "retired_reason": "flagged"}, None),
        (0.95, {"votes_yes": 2}, None),
        (
            0.03,
            {"votes_yes": 0, "votes_no": 0, "votes_unsure": 5, "is_retired": True, "retired_reason": "consensus"},
            None,
        ),
        (0.5, {"method": "majority", "votes_yes": 8}, "yes"),
        (0.5, {"method": "majority", "votes_yes": 7}, None),
        (0.5, {"method": "majority", "votes_yes": 0, "votes_no": 8}, "no"),
    ],
)
def test_only_confident_votes_are_labels(survey, workflow, posterior, fields, label):
    row = sky.subjects(survey, [True])[0]
    sky.votes(workflow, row, posterior=posterior, **fields)
    assert [found.label for found in labels(workflow)] == ([label] if label else [])


def test_follow_ups_name_the_fine_class(survey, workflow):
    rows = sky.subjects(survey, [True] * 2)
    sky.votes(workflow, rows[0], posterior=0.02, follow_ups={"CR": 3, "NOISE": 1, "AST": 9})
    sky.votes(workflow, rows[1], posterior=0.02, follow_ups={"CR": 2, "NOISE": 2})
    assert set(label_of(workflow, rows[0]).allowed) == {"CR", "AST"}
    assert set(label_of(workflow, rows[1]).allowed) == {"CR", "NOISE", "AST", "COMET"}
    given = examples([label_of(workflow, row) for row in rows], classes_of(survey), "")
    assert given.targets == pytest.approx(np.array([[0.98, 0, 0.02, 0], [0.98, 0.98, 0.02, 0.02]]), abs=1e-3)
    assert given.real() == pytest.approx([0.02, 0.02], abs=1e-3)
    assert plurality(("a", "b"), {}) == ("a", "b")


def test_the_follow_up_of_a_skilled_volunteer_counts_for_more_than_those_of_two_others(survey, workflow):
    workflow.follow_ups = {"no": ["CR", "NOISE"]}
    row = sky.subjects(survey, [True])[0]
    weights = {"skilled": (-2_500_000, "CR"), "first": (-900_000, "NOISE"), "second": (-900_000, "NOISE")}
    for name, (weight, follow_up) in weights.items():
        Classification.objects.create(
            id=uuid.uuid4(), workflow=workflow, subject=row, volunteer=make_volunteer(name), answer="no",
            follow_up=follow_up, is_counted=True, log_odds_micronats=weight,
        )  # fmt: skip
    sky.votes(workflow, row, posterior=0.02, follow_ups={"CR": 1, "NOISE": 2})
    assert set(label_of(workflow, row).allowed) == {"CR", "AST", "COMET"}
    Classification.objects.filter(volunteer__user__username="skilled").update(log_odds_micronats=2_500_000)
    assert set(label_of(workflow, row).allowed) == {"NOISE", "AST", "COMET"}, "one whose no speaks for yes has no skill"
    Classification.objects.update(log_odds_micronats=0)
    assert set(label_of(workflow, row).allowed) == {"NOISE", "AST", "COMET"}, "one voice each where skill is unknown"


def test_duplicates_other_kinds_and_other_workflows_votes_stay_out(survey, workflow):
    first, copy = sky.subjects(survey, [True] * 2)
    copy.duplicate_of = first
    copy.save()
    tracklet = sky.subjects(survey, [True], kind="tracklet", frames=4, prefix="t")[0]
    sky.make_gold([tracklet], [True])
    other = sky.workflow(survey, slug="other")
    sky.votes(workflow, copy, posterior=0.99)
    sky.votes(other, first, posterior=0.99)
    assert labels(workflow) == []
    assert [label.subject_id for label in labels(other)] == [first.pk]


def test_the_test_side_is_never_trained_on_by_gold_or_by_votes(survey, workflow):
    rows = sky.subjects(survey, [True] * 60)
    sky.make_gold(rows[:40], [n % 2 == 0 for n in range(40)])
    sibling = sky.subjects(survey, [True], prefix="sibling")[0]
    sibling.object_group = next(row.object_group for row in rows[:40] if is_test_group(row.object_group))
    sibling.save()
    for row in [*rows[40:], sibling]:
        sky.votes(workflow, row, posterior=0.99)
    training_set = curate_labels.curate(workflow)
    learnt = {label.subject_id for label in training_sets.labels_of(training_set)[0]}
    judged = {label.subject_id for label in test_sets.frozen_labels(models.TestSet.objects.get())}
    assert judged == {row.pk for row in rows[:40] if is_test_group(row.object_group)}
    assert learnt == {row.pk for row in rows} - judged
    assert sibling.pk not in learnt


def test_the_same_labels_are_the_same_training_set(survey, workflow):
    rows = sky.subjects(survey, [True] * 4)
    for row in rows[:2]:
        sky.votes(workflow, row, posterior=0.97)
    first = curate_labels.curate(workflow)
    again = curate_labels.curate(workflow)
    assert (again.pk, models.TrainingSet.objects.count()) == (first.pk, 1)
    written = label_snapshot.path_of(training_sets.FOLDER, first.hash).read_bytes()
    sky.votes(workflow, rows[2], posterior=0.01)
    second = curate_labels.curate(workflow)
    assert (second.size, second.new_labels, second.sources) == (3, 1, {"consensus": 3})
    assert label_snapshot.path_of(training_sets.FOLDER, first.hash).read_bytes() == written
    assert [label.label for label in training_sets.labels_of(second)[0]] == ["yes", "yes", "no"]
    assert len(list(label_snapshot.path_of(training_sets.FOLDER, "x").parent.iterdir())) == 2


def test_a_lost_file_is_written_again_from_the_same_labels(survey, workflow):
    sky.votes(workflow, sky.subjects(survey, [True])[0], posterior=0.97)
    training_set = curate_labels.curate(workflow)
    label_snapshot.path_of(training_sets.FOLDER, training_set.hash).unlink()
    assert curate_labels.curate(workflow) == training_set
    assert len(training_sets.labels_of(training_set)[0]) == 1


def test_the_hash_tells_labels_apart_but_not_places(survey, workflow):
    sky.votes(workflow, sky.subjects(survey, [True])[0], posterior=0.97)
    label, classes = labels(workflow)[0], curate_labels.classes_of(survey)
    base = label_snapshot.digest([label], classes)
    moved = label_snapshot.Label(**{**fields(label), "index": 99, "array": "elsewhere"})
    changed = label_snapshot.Label(**{**fields(label), "allowed": ("AST",)})
    assert label_snapshot.digest([moved], classes) == base
    assert label_snapshot.digest([changed], classes) != base


def test_a_copy_of_a_survey_has_training_sets_of_its_own_subjects(survey, workflow):
    other = sky.workflow(sky.survey("copy", classes=survey.classes, positive=survey.positive))
    for each in (workflow, other):
        sky.votes(each, sky.subjects(each.survey, [True])[0], posterior=0.97)
        assert [label.subject_id for label in training_sets.labels_of(curate_labels.curate(each))[0]] == [
            each.survey.subjects.get().pk
        ]


def fields(label):
    return {name: getattr(label, name) for name in label.__slots__}
