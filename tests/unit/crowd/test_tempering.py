"""Tempering: exact where the temperature is known, and softer where random halves of a crowd contradict each other."""

import numpy as np
import pytest

from ml.cli.crowd_command import compare_with_truth
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.majority import fractions_of
from ml.crowd.model_selection import Auto
from ml.crowd.tempering import average_of_halves, fit_posterior_temperature, tempered
from ml.crowd.votes import Votes
from tests.unit.crowd.crowds import crowd, names


@pytest.mark.parametrize("temperature", [1.0, 2.5, 12.0])
def test_a_known_temperature_is_found(temperature):
    posteriors = np.random.default_rng(0).dirichlet([0.3] * 3, 500)
    assert fit_posterior_temperature(posteriors, tempered(posteriors, temperature)) == pytest.approx(
        temperature, rel=0.01
    )


def test_no_temperature_is_below_one():
    """Halves that are surer than the whole don't make it surer."""
    posteriors = np.random.default_rng(0).dirichlet([2.0] * 2, 500)
    assert fit_posterior_temperature(posteriors, posteriors**3 / (posteriors**3).sum(axis=1, keepdims=True)) < 1.001


def test_tempering_keeps_the_order_of_classes_and_certainty():
    posteriors = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [1 / 3] * 3])
    soft = tempered(posteriors, 4.0)
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert soft[0].argsort().tolist() == posteriors[0].argsort().tolist()
    assert soft[1, 0] == pytest.approx(1)
    np.testing.assert_allclose(soft[2], 1 / 3)


def test_halves_average_to_probabilities_and_repeat_by_seed():
    votes, _ = crowd([0.8] * 9, items=100)
    one, again, other = (average_of_halves(DawidSkene, votes, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_allclose(one.sum(axis=1), 1)
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-6


def correlated(seed, items=500, workers=20):
    """Simulate a crowd in which some items are hard for everybody: people err together."""
    rng = np.random.default_rng(seed)
    truth, right = rng.integers(0, 2, items), rng.beta(2.4, 1.0, items)
    item, worker = np.repeat(np.arange(items), workers), np.tile(np.arange(workers), items)
    answer = np.where(rng.random(len(item)) < right[item], truth[item], 1 - truth[item])
    return Votes(item, worker, answer, names(items), names(workers), names(2)), truth


@pytest.mark.parametrize("seed", range(3))
def test_where_people_err_together_tempering_corrects_overconfidence(seed):
    votes, truth = correlated(seed)
    model = DawidSkene(shrinkage=2).fit(votes)
    soft = tempered(
        model.posteriors_, fit_posterior_temperature(model.posteriors_, average_of_halves(DawidSkene, votes))
    )
    before, after = compare_with_truth(model.posteriors_, truth), compare_with_truth(soft, truth)
    assert after["accuracy"] == before["accuracy"]
    assert after["log_loss"] < 0.7 * before["log_loss"]


@pytest.mark.parametrize("seed", range(3))
def test_where_people_err_independently_posteriors_become_underconfident(seed):
    """The price: votes can't tell such a crowd from one that errs together on items where nobody dissents."""
    votes, truth = crowd([0.8] * 9, items=500, seed=seed)
    model = Auto(methods=["dawid-skene"]).fit(votes)
    exact, auto = (
        compare_with_truth(each, truth)["log_loss"] for each in (model.model_.posteriors_, model.posteriors_)
    )
    assert exact < auto < 0.17
    counts = votes.counts()[:, :-1]
    assert auto < 0.6 * compare_with_truth(fractions_of(counts + 0.5), truth)["log_loss"]


def rare(share, per_item, seed=0, items=2000, workers=100):
    """Simulate a rare yes, and workers who differ in how they see either class."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) < share).astype(int)
    chosen = np.argsort(rng.random((items, workers)), axis=1)[:, :per_item]
    item, worker = np.repeat(np.arange(items), per_item), chosen.ravel()
    skill = np.clip(rng.normal(0.8, 0.1, (workers, 2)), 0.3, 0.99)
    right = rng.random(len(item)) < skill[worker, truth[item]]
    answer = np.where(right, truth[item], 1 - truth[item])
    return Votes(item, worker, answer, names(items), names(workers), names(2)), truth


@pytest.mark.parametrize("per_item", [3, 8])
def test_a_rare_class_stays_rare(per_item):
    votes, truth = rare(0.03, per_item)
    posteriors = Auto().fit(votes).posteriors_
    assert posteriors[:, 1].mean() == pytest.approx(truth.mean(), abs=0.015)
    smoothed = compare_with_truth(fractions_of(votes.counts()[:, :-1] + 0.5), truth)["log_loss"]
    assert compare_with_truth(posteriors, truth)["log_loss"] < 0.3 * smoothed
