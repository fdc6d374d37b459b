"""Properties of every EM: the likelihood never falls, non-convergence is reported, gold is used, errors are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.glad import Glad
from ml.crowd.majority import Majority, WeightedMajority
from ml.crowd.one_coin import OneCoin
from ml.crowd.uncertainty import dirichlet_sd
from ml.crowd.votes import Votes
from tests.unit.crowd.crowds import accuracy, crowd

PRIORS = np.array([[3, 1, 0.5], [1, 3, 0.5]])


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(0, 0.4), st.booleans())
@pytest.mark.parametrize("method", [DawidSkene, lambda **k: DawidSkene(smoothing=1, **k), OneCoin, Glad])
def test_no_round_makes_votes_less_likely(method, seed, classes, unsure, golden):
    rng = np.random.default_rng(seed)
    votes, truth = crowd(rng.uniform(0.2, 1, 8), items=30, classes=classes, per_item=4, seed=seed, unsure=unsure)
    gold = np.where(rng.random(30) < 0.3, truth, -1) if golden else None
    model = method(max_iter=25, tol=0).fit(votes, gold)
    assert np.diff(model.history_).min() > -1e-6 * abs(model.history_[0])
    assert np.isfinite(model.log_likelihood_)


@pytest.mark.parametrize("pseudo_counts", [None, PRIORS])
def test_a_prior_of_ones_own_counts_too(pseudo_counts):
    votes, truth = crowd([0.8] * 5, items=100)
    model = DawidSkene(pseudo_counts=pseudo_counts, tol=0, max_iter=30).fit(votes)
    assert np.diff(model.history_).min() > -1e-7
    assert accuracy(model.posteriors_, truth) > 0.9


@pytest.mark.parametrize("method", [DawidSkene, OneCoin, Glad])
def test_rounds_that_were_cut_short_are_told(method):
    votes, _ = crowd([0.6] * 9, items=200)
    short, full = method(max_iter=1).fit(votes), method(max_iter=500).fit(votes)
    assert (short.converged_, short.n_iter_) == (False, 1)
    assert full.converged_
    assert full.n_iter_ == len(full.history_) < 500


@pytest.mark.parametrize("method", [DawidSkene, OneCoin, Glad, WeightedMajority])
def test_gold_tells_who_is_right(method):
    """Four who agree on wrong answers outvote three who are right: only gold can tell."""
    votes, truth = crowd([0.9] * 3 + [0.15] * 4, items=300, seed=4)
    gold = np.where(np.arange(300) < 60, truth, -1)
    assert accuracy(method().fit(votes).posteriors_[60:], truth[60:]) < 0.5
    taught = method().fit(votes, gold)
    assert accuracy(taught.posteriors_[60:], truth[60:]) > 0.7
    assert (taught.skills_[:3].min() > taught.skills_[3:].max()) or method is Glad


@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
def test_what_is_learned_of_a_worker_lies_within_its_standard_deviation(method):
    skills = np.linspace(0.6, 0.95, 40)
    votes, _ = crowd(skills, items=400, per_item=20, seed=7)
    model = method().fit(votes)
    off = (model.skills_ - skills) / model.skills_sd_
    assert 0.7 < off.std() < 1.4
    assert abs(off.mean()) < 0.5
    assert model.confusion_sd_.shape == model.confusion_.shape
    few = method().fit(crowd(skills, items=40, per_item=20, seed=7)[0])
    assert few.skills_sd_.mean() > 2 * model.skills_sd_.mean()


def test_spread_of_a_dirichlet_is_that_of_its_samples():
    alpha = np.array([2.0, 5.0, 0.5])
    samples = np.random.default_rng(0).dirichlet(alpha, 200_000)
    np.testing.assert_allclose(dirichlet_sd(alpha), samples.std(axis=0), rtol=0.02)
    assert np.isnan(dirichlet_sd(np.zeros(3))).all()


def test_posteriors_carry_an_interval_and_an_entropy():
    votes, _ = crowd([0.8] * 30, items=200, per_item=3, seed=1)
    known, _ = crowd([0.8] * 30, items=4000, per_item=3, seed=1)
    widths = []
    for some in (votes, known):
        model = DawidSkene().fit(some)
        low, high = np.moveaxis(model.interval(some), 2, 0)
        assert (low <= model.posteriors_ + 1e-9).all()
        assert (high >= model.posteriors_ - 1e-9).all()
        widths.append((high - low)[:200].mean())
        assert (model.entropy_ >= 0).all()
        assert model.entropy_.max() <= 1
    assert widths[1] < widths[0] / 2


def test_the_interval_is_that_of_drawn_confusion_matrices():
    votes, _ = crowd([0.8] * 12, items=150, per_item=4, seed=3)
    model = DawidSkene(smoothing=1).fit(votes)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(400):
        gamma = rng.gamma(model.alpha_)
        confusion = np.log(gamma / gamma.sum(axis=2, keepdims=True))
        odds = (confusion[:, 1] - confusion[:, 0])[votes.worker, votes.answer]
        prior = np.log(model.prior_[1] / model.prior_[0])
        drawn.append(1 / (1 + np.exp(-prior - np.bincount(votes.item, weights=odds, minlength=150))))
    low, high = model.interval(votes)[:, 1].T
    expected_low, expected_high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert np.abs(low - expected_low).mean() < 0.03
    assert np.abs(high - expected_high).mean() < 0.03


def test_unsure_is_never_half_a_yes():
    """Ten unsure beside three yes leave the yes unchanged, and a worker's unsure rate has its own column."""
    item, worker = ["a"] * 13 + ["b", "c"], [f"w{i:02d}" for i in range(13)] + ["w00", "w01"]
    label = ["yes"] * 3 + ["unsure"] * 10 + ["no", "yes"]
    votes = Votes.of(item, worker, label)
    definite = votes.only(votes.definite)
    for method in (Majority, WeightedMajority, OneCoin, Glad):
        with_unsure, without = method().fit(votes).posteriors_, method().fit(definite).posteriors_
        np.testing.assert_allclose(with_unsure, without, atol=1e-6)
    many, _ = crowd([0.9] * 6, items=300, unsure=0.25)
    for method in (DawidSkene, OneCoin):
        np.testing.assert_allclose(method().fit(many).confusion_[:, :, -1].mean(), 0.25, atol=0.03)


def test_glad_finds_the_difficult_items_and_the_able_workers():
    rng = np.random.default_rng(5)
    truth, hard, skill = rng.integers(0, 3, 300), np.arange(300) % 3 == 0, np.linspace(0.5, 4, 30)
    item, worker = np.repeat(np.arange(300), 30), np.tile(np.arange(30), 300)
    right = rng.random(9000) < 1 / (1 + np.exp(-skill[worker] * np.where(hard[item], 0.2, 1.5)))
    answer = np.where(right, truth[item], (truth[item] + rng.integers(1, 3, 9000)) % 3)
    model = Glad().fit(Votes.of(item.astype(str), [f"{w:02d}" for w in worker], answer.astype(str)))
    hardness = dict(zip(model.items_, model.difficulty_, strict=True))
    ours = np.array([hardness[str(i)] for i in range(300)])
    assert np.median(ours[hard]) > 2 * np.median(ours[~hard])
    assert np.corrcoef(model.skills_, skill)[0, 1] > 0.9
    assert (model.skills_sd_ > 0).all()
