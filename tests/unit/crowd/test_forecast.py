"""Forecasts for crowds that are simulated to their end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.forecast import expected_more, forecast, survival

MOST = 10
retired = st.lists(st.integers(0, 50), min_size=MOST + 1, max_size=MOST + 1)


def crowd(random, n, stop_at, days, per_day):
    """Return the votes that each subject will need, those it has after `days`, and the votes of each day."""
    needs = stop_at[random.integers(len(stop_at), size=n)]
    votes = random.poisson(per_day, size=days)
    has = np.zeros(n, dtype=int)
    for _ in range(votes.sum()):
        still = np.flatnonzero(has < needs)
        has[random.choice(still)] += 1
    return needs, has, votes


def histogram(values):
    return np.bincount(values, minlength=MOST + 1)


def test_the_votes_that_are_needed_are_those_that_were_needed():
    """Hard subjects stay open longest; counting only retired ones would forecast too early an end."""
    random = np.random.default_rng(2)
    needs, has, votes = crowd(random, 600, np.array([3, 3, 3, 4, MOST]), 14, 90)
    is_open = has < needs
    found = forecast(histogram(has[~is_open]), histogram(has[is_open]), votes)
    truth = (needs - has)[is_open].sum()
    assert found.votes_needed.low <= truth <= found.votes_needed.high
    naive = sum(max(1, needs[~is_open].mean() - n) for n in has[is_open])
    assert abs(found.votes_needed.value - truth) < abs(naive - truth)


def test_the_interval_holds_the_end_about_as_often_as_it_says():
    random = np.random.default_rng(4)
    held = []
    for _ in range(60):
        pace = random.negative_binomial(6, 6 / (6 + 100), size=300)  # scatters more than Poisson's
        past, future = pace[:28], pace[28:]
        found = forecast(histogram([3] * 200), histogram([0] * 700), past)
        end = int(np.searchsorted(np.cumsum(future), 2100)) + 1
        held.append(found.days.low - 1 <= end <= found.days.high + 1)
    assert 0.8 <= np.mean(held) <= 1


def test_twice_as_many_people_take_half_as_long():
    days = np.full(28, 100)
    args = histogram([3] * 100), histogram([0] * 1000), days
    assert forecast(*args, crowd=2).days.value == pytest.approx(forecast(*args).days.value / 2, rel=0.05)
    assert forecast(*args).days.value == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize(
    ("ended", "days", "why"),
    [([3] * 50, [40, 40], "days"), ([3] * 50, [1, 2, 3, 4], "votes"), ([3] * 5, [40] * 7, "retired")],
)
def test_little_knowledge_gives_no_number(ended, days, why):
    found = forecast(histogram(ended), histogram([0] * 9), np.array(days))
    assert (found.cannot_tell, found.days, found.votes_needed) == (why, None, None)


def test_with_nothing_open_nothing_is_needed():
    found = forecast(histogram([3]), histogram([]), np.array([]))
    assert (found.votes_needed.value, found.days.value, found.cannot_tell) == (0, 0, "")


def test_a_crowd_that_has_gone_away_may_never_be_done():
    days = np.r_[np.full(1, 40), np.zeros(27)].astype(int)
    assert forecast(histogram([3] * 50), histogram([0] * 900), days).days.high == np.inf


@given(retired, retired)
def test_survival_never_rises_and_ends(ended, left):
    chance = survival(np.array(ended), np.array(left), MOST)
    assert (np.diff(chance) <= 1e-12).all()
    assert chance[0] == pytest.approx(1) if not ended[0] else True
    assert chance[-1] == 0


@given(retired, retired)
def test_an_open_subject_needs_at_least_one_vote_and_no_more_than_are_left(ended, left):
    more = expected_more(survival(np.array([0, *ended[1:]]), np.array(left), MOST))
    assert (more[:-1] >= 1 - 1e-9).all()
    assert (more <= MOST - np.arange(MOST + 1) + 1e-9).all()


def test_without_open_subjects_survival_is_the_share_that_took_longer():
    ended = np.array([0, 0, 1, 3, 4, 2, 0, 0, 0, 0, 0])
    assert survival(ended, np.zeros(MOST + 1), MOST)[:6] == pytest.approx(1 - np.cumsum(ended[:6]) / 10)
