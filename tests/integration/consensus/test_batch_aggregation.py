"""Every night all votes are reanalysed, and scientists see the disagreements."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.consensus.batch_aggregation import (
    VERSIONS,
    aggregate,
    aggregation_disagreements,
    all_votes,
    start_aggregation,
    workflows_to_aggregate,
)
from webapp.consensus.models import AggregatedPosterior, Aggregation, Consensus, Skill
from webapp.core.jobs import JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    """Twelve subjects; even ones are a yes. Four careful people agree, and three always say no."""
    workflow = make_workflow(subjects=12, gold=2, method="majority", min_votes=7, max_votes=7)
    careful, careless = [make_volunteer() for _ in range(4)], [make_volunteer() for _ in range(3)]
    rng = random.Random(1)
    for number, subject in enumerate(subjects_of(workflow)):
        truth = "no" if number % 2 else "yes"
        for person in careful:
            wrong = {"yes": "no", "no": "yes"}[truth]
            vote(person, workflow, subject, wrong if rng.random() < 0.1 else truth)
        for person in careless:
            vote(person, workflow, subject, "no")
    return workflow


def run(workflow):
    job = Aggregation.objects.claim(start_aggregation(workflow, by=None).pk)
    aggregate(job)
    return Aggregation.objects.get(pk=job.pk)


def test_an_aggregation_stores_a_version_and_says_where_it_disagrees(workflow):
    job = run(workflow)
    assert (job.state, job.version, job.votes, job.subjects, job.voters) == (JobState.DONE, 1, 84, 12, 7)
    assert job.has_converged
    found = {row.subject_id: (row.posterior, row.live) for row in job.posteriors.all()}
    opposite = {pk for pk, (posterior, live) in found.items() if (posterior >= 0.5) != (live >= 0.5)}
    assert {row.subject_id for row in aggregation_disagreements(job)} == opposite
    assert job.disagreements == len(opposite) > 0
    assert run(workflow).version == 2


def test_only_votes_that_weigh_are_looked_at(workflow):
    total = len(all_votes(workflow).item)
    first, second, third = Classification.objects.order_by("pk")[:3]
    Classification.objects.filter(pk=first.pk).update(withdrawn_at=timezone.now())
    Classification.objects.filter(pk=second.pk).update(log_odds_micronats=None)
    Classification.objects.filter(pk=third.pk).update(is_counted=False)
    votes = all_votes(workflow)
    assert len(votes.item) == total - 3
    rows = zip(votes.item, votes.worker, votes.answer, strict=True)
    said = {(votes.items[i], votes.workers[w]): ("no", "yes", "unsure")[a] for i, w, a in rows}
    left = Classification.objects.exclude(pk__in=[first.pk, second.pk, third.pk])
    assert said == {(str(row.subject_id), str(row.volunteer_id)): row.answer for row in left}


def test_old_versions_keep_their_figures_and_lose_their_posteriors(workflow):
    jobs = [run(workflow) for _ in range(VERSIONS + 1)]
    assert not jobs[0].posteriors.exists()
    assert Aggregation.objects.get(pk=jobs[0].pk).subjects == 12
    assert AggregatedPosterior.objects.count() == 12 * VERSIONS


def test_a_night_without_votes_is_not_looked_back_on(workflow):
    assert workflows_to_aggregate() == [workflow]
    job = run(workflow)
    assert workflows_to_aggregate() == []
    Aggregation.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(days=1))
    Classification.objects.update(created_at=timezone.now() - timedelta(days=2))
    Consensus.objects.update(updated_at=timezone.now() - timedelta(days=2))
    assert workflows_to_aggregate() == []
    vote(make_volunteer(), workflow, subjects_of(workflow)[0])
    assert workflows_to_aggregate() == [workflow]


def test_a_reanalysis_that_failed_is_made_the_next_night_without_further_votes(workflow):
    job = start_aggregation(workflow, by=None)
    Aggregation.objects.claim(job.pk).fail("No memory.")
    assert workflows_to_aggregate() == [], "not at once"
    Aggregation.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(days=1))
    Classification.objects.update(created_at=timezone.now() - timedelta(days=2))
    Consensus.objects.update(updated_at=timezone.now() - timedelta(days=2))
    assert workflows_to_aggregate() == [workflow]


def test_without_votes_there_is_nothing_to_look_back_on():
    assert run(make_workflow(subjects=1)).message == "No classifications yet."
    assert not Skill.objects.exists()


def test_asked_twice_it_waits_once(workflow):
    assert start_aggregation(workflow, by=None) == start_aggregation(workflow, by=None)
