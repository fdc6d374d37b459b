"""Fractions in bins, their intervals, and nights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from ml.evaluation.metrics.binned_completeness import bin_edges, completeness_by, completeness_plane, detection_limit
from ml.evaluation.metrics.binomial import jeffreys
from ml.evaluation.metrics.nightly_counts import by_night


def test_bins_counted_by_hand():
    mag = np.array([18.0, 18.9, 19.0, 20.0, 21.0, np.nan, 25.0])
    bins = completeness_by(mag, np.array([1, 1, 1, 0, 0, 1, 1], dtype=bool), np.array([18, 19, 21]))
    assert (bins.n.tolist(), bins.hits.tolist(), bins.outside) == ([2, 3], [2, 1], 2)
    assert bins.proportion == pytest.approx([1, 1 / 3])


def test_the_plane_adds_up_to_its_sides():
    random = np.random.default_rng(0)
    mag, rate, found = random.uniform(18, 22, 300), random.uniform(1, 90, 300), random.random(300) < 0.6
    mags, rates = bin_edges(mag), bin_edges(rate)
    plane = completeness_plane(mag, rate, found, mags, rates)
    by_mag, by_rate = completeness_by(mag, found, mags), completeness_by(rate, found, rates)
    assert plane.n.sum(1).tolist() == by_mag.n.tolist()
    assert plane.hits.sum(0).tolist() == by_rate.hits.tolist()


def test_an_empty_bin_knows_nothing():
    bins = completeness_by(np.array([1.0]), np.array([True]), np.array([0, 1.5, 3]))
    assert np.isnan(bins.proportion[1])
    assert np.isnan(bins.interval[0][1])


@given(st.lists(st.floats(-50, 1e6), max_size=30))
def test_edges_hold_every_value(values):
    edges = bin_edges(np.array([*values, np.nan]))
    bins = completeness_by(np.array(values), np.ones(len(values), dtype=bool), edges)
    assert bins.n.sum() == len(values)


def test_values_that_differ_by_rounding_share_one_bin():
    rates = np.array([0.1 + 0.2, 0.3])
    assert completeness_by(rates, np.array([True, False]), bin_edges(rates)).proportion.tolist() == [0.5]


def test_edges_of_a_wide_range_grow_by_factors():
    assert bin_edges(np.array([1, 10_000]), 4) == pytest.approx([1, 10, 100, 1000, 10_000])
    assert bin_edges(np.array([18.0, 22.0]), 4) == pytest.approx([18, 19, 20, 21, 22])


def test_bins_that_are_none():
    with pytest.raises(ValueError, match="ascend"):
        completeness_by(np.array([1.0]), np.array([True]), np.array([2, 1]))
    with pytest.raises(ValueError, match="2 values for 1 subjects"):
        completeness_by(np.array([1.0, 2.0]), np.array([True]), np.array([1, 2]))


def test_jeffreys_holds_its_share_about_as_often_as_it_says():
    n, p = 30, np.linspace(0.1, 0.9, 17)
    hits = np.arange(n + 1)
    low, high = jeffreys(hits, np.full(n + 1, n))
    covered = [(binom.pmf(hits, n, q) * ((low <= q) & (q <= high))).sum() for q in p]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_jeffreys_at_its_ends_and_without_anything():
    low, high = jeffreys(np.array([0, 8, 0]), np.array([8, 8, 0]))
    assert (low[0], high[1]) == (0, 1)
    assert np.isnan([low[2], high[2]]).all()
    with pytest.raises(ValueError, match="Hits must be counts"):
        jeffreys(np.array([3]), np.array([2]))


def test_the_detection_limit_is_the_last_fall_through_half():
    edges = np.array([17, 18, 19, 20, 21, 22])
    assert detection_limit(edges, np.array([1, 0.4, 0.9, 0.4, 0.0])) == pytest.approx(20.3)
    assert detection_limit(edges, np.array([1, np.nan, 0.9, 0.1, 0.0])) == pytest.approx(20.0)
    assert np.isnan(detection_limit(edges, np.ones(5)))


def test_nights_counted_by_hand():
    night = np.array([60001, 60000, 60000, 60000, 60001, 60001])
    truth = np.array([1, 1, 0, 0, 1, 1], dtype=bool)
    nights = by_night(night, truth, np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.5]), 0.5)
    assert nights.night.tolist() == [60000, 60001]
    assert nights.unknown.tolist() == [3, 3]
    assert nights.real.tolist() == [1, 3]
    assert nights.false_positive.tolist() == [1, 0]
    assert nights.false_negative.tolist() == [0, 1]
    assert nights.to_look_at.tolist() == [2, 2]
    assert nights.false_positive_rate == pytest.approx([0.5, np.nan], nan_ok=True)


def test_nights_without_a_name_are_left_out_and_nan_scores_refused():
    nights = by_night(np.array(["", "a"]), np.array([True, True]), np.array([0.9, 0.9]), 0.5)
    assert (nights.night.tolist(), nights.unknown.tolist()) == (["a"], [1])
    with pytest.raises(ValueError, match=r"NaN\. Leave these subjects out"):
        by_night(np.array([1]), np.array([True]), np.array([np.nan]), 0.5)
