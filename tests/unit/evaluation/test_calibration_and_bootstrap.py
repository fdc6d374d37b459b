"""Reliability, and intervals by object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from sklearn.calibration import calibration_curve

from ml.evaluation.metrics.bootstrap import band, bootstrap, bootstrap_weights, interval
from ml.evaluation.metrics.calibration_error import ece, reliability_diagram, weighted_ece
from ml.evaluation.metrics.exact_bounds import surest_auc
from ml.evaluation.metrics.intervals import class_intervals
from ml.evaluation.metrics.operating import rejected_at_completeness
from ml.evaluation.metrics.ranking import rank
from webapp.learning.test_sets import FEWEST_PER_ANSWER


@pytest.fixture
def forecast():
    random = np.random.default_rng(4)
    p = random.random(3000)
    return random.random(3000) < p, p


def test_reliability_is_scikit_learns(forecast):
    truth, p = forecast
    bins = reliability_diagram(truth, p)
    real, said = calibration_curve(truth, p, n_bins=10)
    assert bins["real"] == pytest.approx(real)
    assert bins["mean"] == pytest.approx(said)
    assert bins["n"].sum() == 3000


def test_an_honest_forecast_lies_within_its_whiskers(forecast):
    bins = reliability_diagram(*forecast)
    assert ((bins["low"] <= bins["mean"]) & (bins["mean"] <= bins["high"])).sum() >= 8


def test_ece_is_the_gap_of_the_diagram(forecast):
    truth, p = forecast
    bins = reliability_diagram(truth, p**2, 15)
    assert ece(truth, p**2) == pytest.approx((bins["n"] * abs(bins["mean"] - bins["real"])).sum() / 3000)


def test_weighted_ece_is_that_of_repeated_rows(forecast):
    truth, p = (values[:50] for values in forecast)
    weights = np.random.default_rng(0).integers(0, 4, 50)
    repeated = ece(np.repeat(truth, weights), np.repeat(p, weights))
    assert weighted_ece(truth, p, weights[None])[0] == pytest.approx(repeated)


def test_draws_take_whole_objects():
    groups = np.array(["a", "b", "a", "c"])
    weights = np.concatenate(list(bootstrap_weights(groups, 200, 0)))
    assert weights.shape == (200, 4)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(1) == 3).all()
    assert weights.mean(0) == pytest.approx(1, abs=0.2)


def test_every_figure_of_a_perfect_model_begins_where_its_number_of_objects_allows():
    truth = np.arange(60) % 3
    real = truth == 0
    spans = class_intervals(truth, np.eye(3)[truth], real, real.astype(float), np.arange(60), draws=100)
    assert spans["roc_auc"] == (pytest.approx(0.025 ** (1 / 20)), 1), "60 objects prove no more"
    for name in ("pr_auc", "precision", "recall", "f1"):
        assert spans[name] == (pytest.approx(0.025 ** (1 / 20)), 1), name
    assert spans["accuracy"] == (pytest.approx(0.025 ** (1 / 60)), 1)
    assert spans["rejected_at_0.996"] == (1, 1)


def test_the_bound_of_kappa_and_phi_is_that_of_mistakes_that_leave_the_classes_shares():
    truth = np.arange(1000) % 4
    groups = np.arange(1000)
    spans = class_intervals(truth, np.eye(4)[truth], truth == 0, (truth == 0).astype(float), groups, draws=20)
    wrong = np.where(np.arange(1000) < 4, np.roll(truth, 1), truth)  # four of a thousand, each class once
    of_four = class_intervals(truth, np.eye(4)[wrong], truth == 0, (wrong == 0).astype(float), groups, draws=20)
    assert spans["kappa"][0] == pytest.approx(1 - (1 - 0.025 ** (1 / 1000)) / 0.75)
    assert of_four["kappa"][0] < spans["kappa"][0] < 1
    assert of_four["mcc"][0] < spans["mcc"][0] < 1


def test_a_model_below_the_bound_hardly_ever_ranks_all_objects_correctly():
    real = np.arange(24) < 8
    least = surest_auc(real, np.arange(24))
    apart = np.sqrt(2) * ndtri(least)  # of two Gaussians, whose area is then the bound
    scores = np.random.default_rng(3).normal(size=(4000, 24)) + apart * real
    is_perfect = scores[:, real].min(1) > scores[:, ~real].max(1)
    assert is_perfect.mean() < 0.025
    assert np.isnan(surest_auc(real[:8], np.arange(8)))


def lower_bound(real, score, seed):
    p = np.stack([1 - score, score], axis=1)
    return class_intervals(real.astype(int), p, real, score, np.arange(len(real)), seed=seed, draws=60)["roc_auc"][0]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 999))
def test_a_better_ranking_of_the_same_objects_never_has_a_lower_bound(n_real, n_bogus, seed):
    random, real = np.random.default_rng(seed), np.arange(n_real + n_bogus) < n_real
    score = random.random(len(real)).round(1)
    better = np.clip(score + np.where(real, 1, -1) * random.exponential(0.3, len(real)), 0, 1)
    bounds = [lower_bound(real, each, seed) for each in (score, better, real.astype(float))]
    assert bounds == sorted(bounds)
    assert bounds[-1] == surest_auc(real, np.arange(len(real)))


def test_a_perfect_model_of_the_smallest_test_set_is_better_than_chance():
    real = np.arange(2 * FEWEST_PER_ANSWER) % 2 == 0
    assert lower_bound(real, real.astype(float), seed=0) > 0.5


def test_the_interval_of_what_is_rejected_holds_the_truth():
    """Two Gaussians two sigma apart: where 99 % are kept, Phi(2 - 2.326) = 37.2 % are rejected."""
    truth = np.arange(4000) % 2 == 0
    score = truth * 2 + np.random.default_rng(9).normal(size=4000)

    def figures(weights):
        return {"rejected": rejected_at_completeness(rank(truth, score, weights), 0.99)}

    low, high = interval(bootstrap(figures, np.arange(4000), 200)["rejected"])
    assert low < 0.372 < high
    assert low < figures(None)["rejected"][0] < high


def test_a_band_holds_each_point():
    low, high = band(np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]]))
    assert low[0] < 2 < high[0]
    assert np.isnan([low[1], high[1]]).all()
