"""Priorities: what `ml.acquisition` says, written only to open entries; each with the reason that volunteers read."""

import hashlib
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from scipy.special import expit

from ml.acquisition.rules import FLOOR
from ml.acquisition.uncertainty import entropy
from ml.acquisition.value_of_vote import information_of_vote
from tasks import housekeeping, jobs
from tests.integration.learning import sky
from tests.integration.people import browser, member
from tests.integration.world import make_volunteer
from webapp.archive.models import SubjectSet
from webapp.classifications.models import Classification
from webapp.consensus.evidence import probability, skill_of
from webapp.consensus.models import CELLS, Skill
from webapp.learning import acquisition, scores
from webapp.learning.acquisition import workflows_guided_by, write_priorities
from webapp.learning.acquisition_pool import read_queue
from webapp.learning.models import Checkpoint, ScoringRun, ScoringShard, TrainingRun, TrainingSet
from webapp.learning.reordering import order_after_votes
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Method

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
    p_votes = np.full(60, np.nan)
    for n, row in enumerate(rows[:50]):
        p_votes[n] = expit(sky.votes(workflow, row, posterior=posterior[n]).log_odds_micronats / 1e6)
    write_priorities(workflow, champion)
    crowd = entropy(p_votes)
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


def test_the_order_depends_on_seed_and_labels_but_not_on_what_else_the_database_holds():
    orders = []
    for slug in ("first", "second"):
        workflow = sky.workflow(sky.survey(slug))
        champion = sky.checkpoint(workflow, is_champion=True)
        keys = [row.pk for row in sky.subjects(workflow.survey, [True] * 8, prefix="label")]
        learnt = TrainingSet.objects.create(
            workflow=workflow, hash=hashlib.sha256(str(keys).encode()).hexdigest(), size=8
        )
        TrainingRun.objects.filter(pk=champion.run_id).update(training_set=learnt)
        rows = sky.subjects(workflow.survey, [True] * 40)
        sky.queue(workflow, rows)
        score(champion, rows, [0.5] * 40)
        write_priorities(workflow, Checkpoint.objects.get(pk=champion.pk))
        orders.append(list(workflow.queue.order_by("-priority").values_list("subject__external_id", flat=True)))
    assert orders[0] == orders[1] != sorted(orders[0])


def test_a_row_of_consensus_without_votes_says_nothing(workflow, champion):
    rows = sky.subjects(workflow.survey, [True])
    sky.queue(workflow, rows)
    score(champion, rows, [0.5])
    sky.votes(workflow, rows[0], posterior=0.999, votes_yes=0)
    write_priorities(workflow, champion)
    assert by_subject(workflow)[rows[0].pk] == 1.0


@pytest.mark.parametrize("rule", ["uncertain", "vote"])
def test_the_prior_is_no_opinion_of_the_crowd(workflow, champion, rule, monkeypatch):
    """Where one subject in twenty is real, one *unsure* tells no more about it than where every second one is."""
    monkeypatch.setattr(acquisition, "HEAD", 0)
    type(workflow).objects.update(acquisition=rule, prior=0.05)
    workflow.refresh_from_db()
    rows = sky.subjects(workflow.survey, [True] * 2)
    sky.queue(workflow, rows)
    score(champion, rows, [0.5] * 2)
    sky.votes(workflow, rows[0], posterior=0.05, votes_yes=0, votes_unsure=1, log_odds_micronats=0)
    write_priorities(workflow, champion)
    assert len(set(by_subject(workflow).values())) == 1


def test_the_pool_knows_what_the_votes_say_without_the_prior(workflow, champion):
    type(workflow).objects.update(prior=0.05)
    random = np.random.default_rng(4)
    rows = sky.subjects(workflow.survey, [True] * 60)
    sky.queue(workflow, rows)
    expected = []
    for row in rows:
        yes, no, unsure = random.integers(3, size=3).tolist()
        method, odds = str(random.choice(Method.values)), int(random.normal(0, 1e7))
        counts = {"votes_yes": yes, "votes_no": no, "votes_unsure": unsure}
        sky.votes(workflow, row, posterior=0.9, method=method, log_odds_micronats=odds, **counts)
        expected.append(probability(method, yes, no, odds) if yes + no + unsure else np.nan)
    found = read_queue(workflow, champion, acquisition.plan_of(workflow))["p_votes"]
    assert found == pytest.approx(np.array(expected), abs=1e-9, nan_ok=True)


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


@pytest.fixture
def ordered(workflow, champion, monkeypatch):
    """Eight subjects that the champion has scored and ordered; ten votes start the next ordering."""
    monkeypatch.setattr("webapp.learning.reordering.VOTES", 10)
    rows = sky.subjects(workflow.survey, [True] * 8)
    sky.queue(workflow, rows)
    score(champion, rows, np.linspace(0.2, 0.45, 8))
    run = ScoringRun.objects.create(survey=workflow.survey, checkpoint=champion)
    ScoringShard.objects.create(run=run, zarr_array=rows[0].zarr_array, start=0, stop=8, state="done")
    jobs.finish_scoring(run.pk)
    return rows


def answered(workflow, rows, people, reason="uncertain", **fields):
    fields = {"workflow": workflow, "answer": "no", "reason": reason, "is_counted": True, **fields}
    voters = [make_volunteer() for _ in range(people)]
    Classification.objects.bulk_create(
        Classification(id=uuid.uuid4(), volunteer=voter, subject=row, **fields) for voter in voters for row in rows
    )


def ordered_at(when):
    """Say when the last ordering was: the database's clock stands still in a test."""
    ScoringRun.objects.update(started_at=when, finished_at=when)


def test_after_many_votes_the_queue_is_ordered_anew_without_scoring(workflow, champion, ordered):
    first = workflow.queue.order_by("-priority").first().subject
    answered(workflow, ordered[-3:], people=3)
    housekeeping.retrain()
    assert ScoringRun.objects.open().count() == 0, "nine votes"
    answered(workflow, [first], people=1)
    sky.votes(workflow, first, posterior=0.001)
    for _ in range(2):
        housekeeping.retrain()
        assert ScoringRun.objects.open().count() == 1, "one job, however often beat looks"
    assert workflow.queue.order_by("-priority").first().subject == first
    jobs.finish_scoring(ScoringRun.objects.open().get().pk)
    ordered_at(timezone.now())
    assert workflow.queue.order_by("priority").first().subject == first
    housekeeping.retrain()
    assert (ScoringRun.objects.count(), ScoringShard.objects.count()) == (2, 1)
    page = browser(member(workflow.survey, "scientist")).get("/surveys/sky/learning/").content.decode()
    assert f"scored, {champion.scoring_runs.last().finished_at:%Y-%m-%d %H:%M} UTC" in page


@pytest.mark.parametrize("schedule", [{}, {"min_new_labels": 1000}, {"retrain_days": 30}])
def test_votes_order_a_queue_whether_people_or_a_schedule_train(workflow, champion, ordered, schedule):
    type(workflow).objects.update(**schedule)
    answered(workflow, ordered, people=2)
    assert len(order_after_votes()) == 1


def test_a_few_votes_order_the_queue_after_a_while(workflow, champion, ordered):
    answered(workflow, ordered[:1], people=1)
    assert order_after_votes() == []
    ordered_at(timezone.now() - timedelta(minutes=11))
    Classification.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    (run,) = order_after_votes()
    jobs.finish_scoring(run.pk)
    ordered_at(timezone.now())
    assert order_after_votes() == []
    ordered_at(timezone.now() - timedelta(minutes=11))
    Classification.objects.update(created_at=timezone.now() - timedelta(minutes=12))
    assert order_after_votes() == [], "without a vote since, time alone starts none"


def test_votes_that_were_given_before_the_last_ordering_but_count_since_order_the_queue(workflow, champion, ordered):
    ordered_at(timezone.now() - timedelta(minutes=11))
    assert order_after_votes() == []
    answered(workflow, ordered[:1], people=1)
    Classification.objects.update(created_at=timezone.now() - timedelta(days=400))  # imported, say
    sky.votes(workflow, ordered[0], posterior=0.3)
    assert len(order_after_votes()) == 1


@pytest.mark.parametrize("why", ["experiment", "asleep", "former", "training", "undone", "before", "unscored"])
def test_votes_that_change_no_order_start_nothing(why, workflow, champion, ordered):
    answered(workflow, ordered, people=2, reason="training" if why == "training" else "uncertain")
    if why == "experiment":
        type(workflow).objects.update(is_experiment=True)
    elif why == "asleep":
        type(workflow).objects.update(is_active=False)
    elif why == "former":
        type(champion).objects.update(is_champion=False)
    elif why == "undone":
        Classification.objects.update(withdrawn_at=timezone.now())
    elif why == "before":
        Classification.objects.update(created_at=timezone.now() - timedelta(hours=1))
    elif why == "unscored":
        ScoringRun.objects.update(finished_at=None)
    assert order_after_votes() == []


def test_the_votes_of_another_workflow_leave_an_experiments_order_alone(workflow, champion, ordered):
    experiment = sky.workflow(workflow.survey, slug="experiment", acquisition="uncertain", is_experiment=True)
    sky.queue(experiment, ordered)
    write_priorities(experiment, champion)
    before = by_subject(experiment)
    first = experiment.queue.order_by("-priority").first().subject
    for each in (workflow, experiment):
        sky.votes(each, first, posterior=0.001)
    answered(workflow, ordered, people=2)
    (run,) = order_after_votes()
    jobs.finish_scoring(run.pk)
    assert by_subject(experiment) == before
    assert by_subject(workflow) != before


def test_an_ordering_that_failed_is_tried_again_after_as_many_votes(workflow, champion, ordered):
    answered(workflow, ordered, people=2)
    (run,) = order_after_votes()
    ScoringRun.objects.filter(pk=run.pk).update(state="failed")
    ordered_at(timezone.now())
    assert order_after_votes() == []
    answered(workflow, ordered, people=2)
    assert len(order_after_votes()) == 1


def test_what_a_vote_tells_depends_on_the_crowd_that_gives_it(workflow, champion, monkeypatch):
    """Volunteers who miss half of the movers, but nothing else, tell more about a likely no than about a likely yes."""
    monkeypatch.setattr(acquisition, "HEAD", 0)
    type(workflow).objects.update(acquisition="vote", method="swap-two-coin")
    workflow.refresh_from_db()
    rows = sky.subjects(workflow.survey, [True] * 9)
    sky.queue(workflow, rows)
    p_real = np.linspace(0.1, 0.9, 9)
    score(champion, rows, p_real)
    write_priorities(workflow, champion)
    newcomers = by_subject(workflow)
    records = [(40, 20, 0, 0, 60, 0), (30, 30, 0, 0, 60, 0)]
    for record in records:
        Skill.objects.create(volunteer=make_volunteer(), workflow=workflow, **dict(zip(CELLS, record, strict=True)))
    liar = dict(zip(CELLS, (0, 30, 0, 30, 0, 0), strict=True))
    Skill.objects.create(volunteer=make_volunteer(), workflow=workflow, is_trusted=False, **liar)
    write_priorities(workflow, champion)
    crowd = np.mean([skill_of(workflow.method, record).matrix for record in records], axis=0)
    found = [by_subject(workflow)[row.pk] for row in rows]
    assert found == pytest.approx(np.round(information_of_vote(p_real, crowd) / 2, 2))
    assert found != [newcomers[row.pk] for row in rows]
    assert found[2] > found[6], "with newcomers these two are worth the same"
    assert newcomers[rows[6].pk] == newcomers[rows[2].pk]
