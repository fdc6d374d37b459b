"""A verdict overrides the volunteers and becomes gold; withdrawing it leaves only the audit trail."""

import uuid

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from tests.integration.learning import sky
from tests.integration.world import recount
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up
from webapp.learning.curate_labels import curate, labels
from webapp.learning.models import Checkpoint, TrainingRun
from webapp.learning.scores import write_scores
from webapp.learning.test_sets import is_test_group
from webapp.learning.triggers import labels_since, workflows_to_retrain
from webapp.review.models import Ruling
from webapp.review.queues import queued
from webapp.review.rulings import AlreadyWithdrawn, rule, withdraw_ruling
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    survey = sky.survey(classes=["CR", "NOISE", "AST"], positive=["AST"])
    return sky.workflow(survey, method="majority", min_votes=2)


@pytest.fixture
def subjects(workflow):
    rows = sky.subjects(workflow.survey, [True] * 4)
    sky.queue(workflow, rows)
    return rows


@pytest.fixture
def scientist():
    return User.objects.create(username="scientist")


def vote(workflow, subject, *answers):
    people = [Volunteer.objects.create() for _ in answers]
    for person, answer in zip(people, answers, strict=True):
        Classification.objects.create(
            id=uuid.uuid4(), volunteer=person, workflow=workflow, subject=subject, answer=answer, is_counted=True
        )
    recount(workflow)
    return people


def champion(workflow, p_real):
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role=workflow.kind)
    row = Checkpoint.objects.create(
        survey=workflow.survey, role=workflow.kind, run=run, folder="c", sha256="s", manifest={}, is_champion=True
    )
    p = np.array(list(p_real.values()))
    write_scores(row.pk, np.array([subject.pk for subject in p_real]), np.column_stack([1 - p, p]), p)
    return row


def test_a_verdict_becomes_gold_retires_the_subject_and_counts_for_skill(workflow, subjects, scientist):
    yes, no = vote(workflow, subjects[0], "yes", "no")
    model = champion(workflow, {subjects[0]: 0.25})
    ruling = rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no", label="CR", note="a hit")
    subjects[0].refresh_from_db()
    consensus = Consensus.objects.get(subject=subjects[0])
    assert (subjects[0].gold_label, subjects[0].gold_source) == ("CR", "ruling")
    assert (consensus.is_retired, consensus.retired_reason) == (True, "human")
    assert workflow.queue.get(subject=subjects[0]).is_retired
    assert (ruling.consensus_posterior, ruling.p_real, ruling.model) == (consensus.posterior, 0.25, model)
    catch_up(workflow)
    assert Skill.objects.get(volunteer=no).true_no_said_no == 1
    assert Skill.objects.get(volunteer=yes).true_no_said_yes == 1
    assert consensus.votes == 2


def test_a_ruling_is_the_first_source_of_labels(workflow, subjects, scientist):
    subject = next(row for row in subjects if not is_test_group(row.object_group))
    vote(workflow, subject, "yes", "yes", "yes")
    assert [(label.label, label.source) for label in labels(workflow)] == [("yes", "consensus")]
    rule(subject=subject, workflow=workflow, scientist=scientist, verdict="no")
    found = [(label.label, label.source, label.allowed) for label in labels(workflow)]
    assert found == [("no", "ruling", ("CR", "NOISE"))]


def test_withdrawing_restores_gold_consensus_queue_and_skill(workflow, subjects, scientist):
    people = vote(workflow, subjects[0], "yes", "no")
    before = Consensus.objects.values("posterior", "is_retired", "votes_yes", "votes_no").get()
    ruling = rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no")
    withdraw_ruling(ruling=ruling, by=ruling.scientist)
    subjects[0].refresh_from_db()
    assert (subjects[0].gold_label, subjects[0].gold_source) == ("", "")
    assert Consensus.objects.values("posterior", "is_retired", "votes_yes", "votes_no").get() == before
    assert not workflow.queue.filter(is_retired=True).exists()
    assert not Skill.objects.filter(volunteer__in=people, true_no_said_no=1).exists()
    assert Ruling.objects.get().withdrawn_at is not None


def test_verdicts_that_are_changed_or_withdrawn_start_a_training_as_new_ones_do(workflow, subjects, scientist):
    type(workflow).objects.update(min_new_labels=2)
    workflow.refresh_from_db()
    given = {"workflow": workflow, "scientist": scientist}
    one, other = [row for row in subjects if not is_test_group(row.object_group)][:2]
    for subject in (one, other):
        rule(subject=subject, verdict="no", label="CR", **given)
    assert workflows_to_retrain() == [workflow]

    def trained():
        row = {"survey": workflow.survey, "workflow": workflow, "role": "stamp", "state": "done"}
        TrainingRun.objects.create(**row, training_set=curate(workflow))
        assert (labels_since(workflow), workflows_to_retrain()) == (0, [])

    trained()
    rule(subject=one, verdict="yes", **given)
    assert (labels_since(workflow), workflows_to_retrain()) == (1, [])
    finer = rule(subject=other, verdict="no", label="NOISE", **given)
    assert (labels_since(workflow), workflows_to_retrain()) == (2, [workflow])
    trained()
    withdraw_ruling(ruling=finer, by=scientist)
    assert (labels_since(workflow), workflows_to_retrain()) == (1, [])
    withdraw_ruling(ruling=one.rulings.get(withdrawn_at=None), by=scientist)
    assert (labels_since(workflow), workflows_to_retrain()) == (2, [workflow])


def test_withdrawing_brings_back_the_manifests_gold_however_often_it_was_ruled(workflow, subjects, scientist):
    sky.make_gold(subjects[:1], [True])
    rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no")
    second = rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no", label="NOISE")
    assert Ruling.objects.filter(withdrawn_at=None).get() == second
    withdraw_ruling(ruling=second, by=second.scientist)
    subjects[0].refresh_from_db()
    assert (subjects[0].gold_label, subjects[0].gold_source) == ("yes", "manifest")


def test_an_unseen_subject_can_be_ruled_and_leaves_nothing_behind_when_withdrawn(workflow, subjects, scientist):
    ruling = rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    assert Consensus.objects.get().retired_reason == "human"
    withdraw_ruling(ruling=ruling, by=ruling.scientist)
    assert not Consensus.objects.exists()
    with pytest.raises(AlreadyWithdrawn, match="Nothing has changed"):
        withdraw_ruling(ruling=ruling, by=ruling.scientist)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"verdict": "maybe"}, "yes or no"),
        ({"verdict": "yes", "label": "CR"}, "contradicts"),
        ({"verdict": "no", "label": "GALAXY"}, "not a class"),
    ],
)
def test_a_senseless_verdict_changes_nothing(workflow, subjects, scientist, fields, match):
    with pytest.raises(ValidationError, match=match):
        rule(subject=subjects[0], workflow=workflow, scientist=scientist, **fields)
    assert not Ruling.objects.exists()
    assert not Consensus.objects.exists()


def test_a_subject_of_another_survey_cannot_be_ruled(workflow, scientist):
    stranger = sky.subjects(sky.survey("other"), [True])[0]
    with pytest.raises(ValidationError, match="not a subject of"):
        rule(subject=stranger, workflow=workflow, scientist=scientist, verdict="yes")


def test_disagreements_are_sorted_and_filtered(workflow, subjects, scientist, django_assert_num_queries):
    for subject, answers in zip(subjects, (["yes"] * 2, ["no"] * 2, ["yes"] * 2, ["no"] * 3), strict=True):
        vote(workflow, subject, *answers)
    champion(workflow, {subjects[0]: 0.1, subjects[1]: 0.7, subjects[2]: 0.95, subjects[3]: 0.99})

    def found(**filters):
        return [row.subject for row in queued(workflow, "disagreements", **filters)]

    with django_assert_num_queries(2):
        rows = list(queued(workflow, "disagreements"))
        assert [row.subject for row in rows] == [subjects[3], subjects[0], subjects[1]]
    assert rows[0].gap == pytest.approx(abs(rows[0].posterior - 0.99))
    assert found(way="crowd-yes") == [subjects[0]]
    assert found(way="crowd-no") == [subjects[3], subjects[1]]
    assert found(min_votes=3) == [subjects[3]]
    assert found(least_gap=0.1) == [subjects[3], subjects[0], subjects[1], subjects[2]]
    rule(subject=subjects[3], workflow=workflow, scientist=scientist, verdict="yes")
    assert found(state="open") == [subjects[0], subjects[1]]
    assert found(state="ruled") == [subjects[3]]
    assert len(found(state="all")) == 3


def test_without_a_champion_nothing_disagrees(workflow, subjects):
    vote(workflow, subjects[0], "yes", "yes")
    assert not queued(workflow, "disagreements").exists()
    assert queued(workflow, "all").count() == 1
    with pytest.raises(ValueError, match="none of todo, open, ruled"):
        queued(workflow, "all", state="closed")
