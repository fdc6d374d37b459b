"""Priorities: what `ml.acquisition` says, written only to open entries; each with the reason that volunteers read."""

import numpy as np
import pytest

from ml.acquisition.rules import FLOOR
from ml.acquisition.uncertainty import entropy
from tests.integration.learning import sky
from webapp.archive.models import SubjectSet
from webapp.learning import acquisition, scores
from webapp.learning.acquisition import workflows_guided_by, write_priorities
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import QueueEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey(), acquisition="uncertain", positive_fraction=0.0)


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True)


def score(champion, rows, p_real):
    p_real = np.asarray(p_real, dtype=float)
    scores.write_scores(champion.pk, np.array([row.pk for row in rows]), np.stack([1 - p_real, p_real], 1), p_real)


def by_subject(workflow, field="priority"):
    return dict(workflow.queue.values_list("subject", field))


def test_a_plain_priority_is_the_model_s_uncertainty_times_the_crowd_s(workflow, champion):
    random = np.random.default_rng(1)
    rows = sky.subjects(workflow.survey, [True] * 60)
    sky.queue(workflow, rows)
    p_real = np.concatenate([random.random(56), [0, 1, 0.5, 1e-9]])
    posterior = np.concatenate([random.random(52), [0, 1, 0.5, 1e-9, 0, 1, 0.5, 1e-9]])
    score(champion, rows, p_real)
    for row, p in zip(rows[:50], posterior[:50], strict=True):
        sky.votes(workflow, row, posterior=p)
    write_priorities(workflow, champion)
    crowd = entropy(np.where(np.arange(60) < 50, posterior, np.nan))
    expected = np.clip(entropy(p_real), FLOOR, 1) * np.clip(crowd, FLOOR, 1)
    found = by_subject(workflow)
    assert [found[row.pk] for row in rows] == pytest.approx(expected.tolist(), abs=1e-9)


def test_the_uncertain_come_first_and_say_why(workflow, champion):
    rows = sky.subjects(workflow.survey, [True] * 3)
    sky.queue(workflow, rows)
    score(champion, rows[:2], [0.99, 0.6])
    write_priorities(workflow, champion)
    order = workflow.queue.order_by("-priority").values_list("subject", "reason")
    assert list(order) == [(rows[2].pk, "new"), (rows[1].pk, "uncertain"), (rows[0].pk, "uncertain")]


def test_a_row_of_consensus_without_votes_says_nothing(workflow, champion):
    rows = sky.subjects(workflow.survey, [True])
    sky.queue(workflow, rows)
    score(champion, rows, [0.5])
    sky.votes(workflow, rows[0], posterior=0.999, votes_yes=0)
    write_priorities(workflow, champion)
    assert by_subject(workflow)[rows[0].pk] == 1.0


def test_gold_retired_and_other_workflows_entries_are_left_alone(workflow, champion):
    rows = sky.subjects(workflow.survey, [True] * 3)
    sky.queue(workflow, rows)
    workflow.queue.filter(subject=rows[0]).update(is_gold=True)
    workflow.queue.filter(subject=rows[1]).update(is_retired=True)
    other = sky.workflow(workflow.survey, slug="other")
    sky.queue(other, rows)
    score(champion, rows, [0.5] * 3)
    assert write_priorities(workflow, champion).changed == 1
    assert set(QueueEntry.objects.exclude(reason="new").values_list("subject", "workflow")) == {
        (rows[2].pk, workflow.pk)
    }


def test_batches_reach_every_entry_and_a_second_time_changes_nothing(workflow, champion, monkeypatch):
    monkeypatch.setattr(acquisition, "BATCH", 4)
    rows = sky.subjects(workflow.survey, [True] * 13)
    sky.queue(workflow, rows)
    score(champion, rows, np.linspace(0.2, 0.45, 13))
    assert write_priorities(workflow, champion).changed == 13
    assert write_priorities(workflow, champion).changed == 0
    assert np.diff([by_subject(workflow)[row.pk] for row in rows]).min() > 0


def test_a_model_that_is_not_champion_writes_nothing(workflow):
    rows = sky.subjects(workflow.survey, [True] * 3)
    sky.queue(workflow, rows)
    shadow = sky.checkpoint(workflow)
    score(shadow, rows, [0.9] * 3)
    assert write_priorities(workflow, shadow).changed == 0
    assert set(by_subject(workflow).values()) == {1.0}


def test_only_workflows_that_follow_priorities_are_guided(workflow, champion):
    sky.workflow(workflow.survey, slug="at-random", random_fraction=1.0)
    sky.workflow(workflow.survey, slug="asleep", is_active=False)
    sky.workflow(workflow.survey, slug="tracklets", kind="tracklet")
    sky.workflow(sky.survey("elsewhere"), slug="elsewhere")
    assert workflows_guided_by(champion) == [workflow]


def test_what_came_in_after_the_last_scores_is_not_behind_what_the_model_is_sure_of(workflow, champion):
    known, late = sky.subjects(workflow.survey, [True] * 2)
    subject_set = SubjectSet.objects.create(survey=workflow.survey, name="all")
    workflow.subject_sets.add(subject_set)
    subject_set.subjects.add(known)
    enqueue_subjects(workflow)
    score(champion, [known], [0.99])
    write_priorities(workflow, champion)
    subject_set.subjects.add(late)
    enqueue_subjects(workflow)
    assert list(workflow.queue.order_by("-priority").values_list("subject", flat=True)) == [late.pk, known.pk]
