"""Prevalence: the share of movers in a random sample of the queue, although guided asking takes movers out of it."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.core.cache import cache
from django.utils import timezone

from ml.evaluation.metrics.binomial import jeffreys
from tests.integration.learning import sky
from tests.integration.people import HTMX, browser, member
from tests.integration.world import make_volunteer
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.learning.prevalence import complete_part, prevalence
from webapp.queue.models import QueueEntry

pytestmark = pytest.mark.django_db
SHARE = 0.08


def guided(rng, *, subjects, votes, late=0.0):
    """Let a crowd close subjects, each by three votes: one in five at random by key, the others by a model's order.

    Returns entries sorted by random key: number, real, closed, served at random. Of the `late` fraction, the last half
    has just come in.
    """
    real, key, number = rng.random(subjects) < SHARE, rng.random(subjects), np.arange(subjects)
    given, sampled, order = [0] * subjects, [False] * subjects, np.argsort(key)
    likely = np.argsort(-(2.5 * real + rng.normal(size=subjects)))

    def waiting(there):
        asked = there & (np.array(given) < 3)
        return [queue[asked[queue]].tolist() for queue in (likely, order)]

    draws, places = (rng.random(votes) < 0.2).tolist(), rng.random(votes).tolist()
    queues = waiting(number < subjects * (1 - late))
    for number_of_vote, (is_random, place) in enumerate(zip(draws, places, strict=True)):
        if number_of_vote == int(0.98 * votes) + 1:
            queues = waiting(number >= 0)
        queue = queues[is_random]
        # Several people are at it, so that some subjects at the front have one vote or two.
        chosen = queue[int(place * min(8, len(queue)))]
        given[chosen] += 1
        sampled[chosen] |= is_random
        if given[chosen] == 3:
            for each in queues:
                each.remove(chosen)
    return number[order], real[order], np.array(given)[order] >= 3, np.array(sampled)[order]


@pytest.mark.parametrize("late", [0.0, 0.3])
def test_the_interval_covers_the_truth_where_the_drawn_ones_alone_read_low(late):
    covered, shares, drawn, sizes = 0, [], [], []
    for seed in range(300):
        number, real, closed, sampled = guided(np.random.default_rng(seed), subjects=2000, votes=1500, late=late)
        part = complete_part(number, closed, sampled)
        low, high = jeffreys(np.array(real[part].sum()), np.array(part.sum()))
        covered += low <= SHARE <= high
        shares.append(real[part].mean())
        sizes.append(part.sum())
        drawn.append(real[closed & sampled].mean())
    assert covered >= 0.91 * 300, covered
    assert np.mean(shares) == pytest.approx(SHARE, abs=0.006)
    assert np.mean(drawn) < 0.6 * SHARE, "what was drawn at random, as it was counted before"
    assert np.mean(sizes) > 70


def test_a_part_without_draws_or_before_its_first_open_entry_is_empty():
    number = np.arange(4)
    for closed, sampled in (([1, 1, 1, 0], [0, 0, 0, 0]), ([0, 1, 1, 1], [0, 1, 1, 1])):
        assert not complete_part(number, np.array(closed, bool), np.array(sampled, bool)).any()


def test_new_entries_that_wait_among_small_keys_do_not_cut_the_sample_short():
    number = np.array([3, 9, 1, 2, 8, 5, 4, 7])
    closed = np.array([1, 0, 1, 1, 0, 1, 1, 0], bool)
    sampled = np.array([1, 0, 1, 0, 0, 1, 0, 0], bool)
    assert number[complete_part(number, closed, sampled)].tolist() == [3, 1, 2, 5]


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey("night", classes=["AST", "CR"], positive=["AST"]))


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True)


def in_order(workflow, n, **fields):
    """Queue subjects in a known random order."""
    rows = sky.subjects(workflow.survey, [True] * n, **fields)
    sky.queue(workflow, rows)
    for place, row in enumerate(rows):
        QueueEntry.objects.filter(subject=row).update(random_key=place / n)
    return rows


def close(workflow, row, posterior, reason="consensus", **fields):
    sky.votes(workflow, row, posterior, is_retired=True, retired_reason=reason, **fields)
    QueueEntry.objects.filter(workflow=workflow, subject=row).update(is_retired=True)


def serve(workflow, rows, reason="random"):
    fields = {"workflow": workflow, "volunteer": make_volunteer(), "answer": "yes", "is_counted": True}
    for row in rows:
        Classification.objects.create(id=uuid.uuid4(), subject=row, reason=reason, **fields)


def test_all_subjects_before_the_last_draw_count_whoever_asked_about_them(workflow, champion):
    assert prevalence(champion) is None
    rows = in_order(workflow, 40)
    for number, row in enumerate(rows[:30]):
        close(workflow, row, 0.98 if number % 4 == 0 else 0.02)
    serve(workflow, rows[:20:2])
    serve(workflow, rows[1:30:2], reason="uncertain")
    found = prevalence(champion)
    assert (found.n, found.fraction) == (19, 5 / 19), "up to the last one that was drawn at random"
    assert found.low < 0.25 < found.high
    page = (
        browser(member(workflow.survey, "scientist"))
        .get("/surveys/night/learning/drift/stamp/", headers=HTMX)
        .content.decode()
    )
    assert "of 19 settled." in page


def test_the_page_reads_the_queue_again_only_after_a_while(workflow, champion):
    rows = in_order(workflow, 10)
    for row in rows:
        close(workflow, row, 0.98)
    scientist = browser(member(workflow.survey, "scientist"))
    settled = []
    for drawn in (rows[:4], rows[4:8]):
        serve(workflow, drawn)
        settled.append(scientist.get("/surveys/night/learning/drift/stamp/", headers=HTMX).context["prevalence"].n)
    cache.clear()
    settled.append(scientist.get("/surveys/night/learning/drift/stamp/", headers=HTMX).context["prevalence"].n)
    assert settled == [4, 4, 8]


def test_the_sample_ends_before_an_open_subject_unless_nobody_votes_on_it_any_more(workflow, champion):
    rows = in_order(workflow, 10)
    for row in rows[:4] + rows[5:]:
        close(workflow, row, 0.02)
    sky.votes(workflow, rows[4], 0.9)
    serve(workflow, rows)
    assert prevalence(champion).n == 4
    Consensus.objects.filter(subject=rows[4]).update(updated_at=timezone.now() - timedelta(days=8))
    found = prevalence(champion)
    assert (found.n, found.fraction) == (10, 0.1)


def test_gold_synthetic_ones_and_those_without_an_answer_are_left_out_and_verdicts_count(workflow, champion):
    rows = in_order(workflow, 8)
    for row in rows:
        close(workflow, row, 0.02)
    serve(workflow, rows)
    of = {row.pk: Subject.objects.filter(pk=row.pk) for row in rows}
    of[rows[0].pk].update(gold_label="AST", gold_source="manifest")
    of[rows[1].pk].update(is_synthetic=True, gold_label="AST", gold_source="synthetic")
    of[rows[2].pk].update(gold_label="AST", gold_source="known orbit")
    of[rows[3].pk].update(gold_label="AST", gold_source="ruling")
    Consensus.objects.filter(subject=rows[4]).update(retired_reason="flagged", votes_yes=0, votes_unsure=2)
    found = prevalence(champion)
    assert (found.n, found.fraction) == (4, 0.25)


def test_workflows_count_by_the_sizes_of_their_queues_not_of_their_samples(workflow, champion):
    rare = in_order(workflow, 90, prefix="rare")
    other = sky.workflow(workflow.survey, slug="other")
    common = sky.subjects(workflow.survey, [True] * 10, prefix="common")
    sky.queue(other, common)
    for each, rows, real in ((workflow, rare[:20], 2), (other, common, 5)):
        for place, row in enumerate(rows):
            close(each, row, 0.98 if place < real else 0.02)
        serve(each, rows)
    found = prevalence(champion)
    assert (found.n, found.fraction) == (30, pytest.approx(0.9 * 0.1 + 0.1 * 0.5))
    assert found.low < 0.14 < found.high


def test_a_subject_in_two_workflows_counts_once(workflow, champion):
    rows = in_order(workflow, 4)
    other = sky.workflow(workflow.survey, slug="other", random_fraction=1.0)
    sky.queue(other, rows)
    for each in (workflow, other):
        for row in rows:
            close(each, row, 0.98)
        serve(each, rows)
    assert (prevalence(champion).n, prevalence(champion).fraction) == (4, 1.0)
