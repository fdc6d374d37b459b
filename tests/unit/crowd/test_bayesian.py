"""IBCC, EBCC and BWA: their bounds rise, each step equals plain loops, and priors protect workers with few votes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from scipy.stats import dirichlet

from ml.crowd.bwa import Bwa
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.ebcc import Ebcc
from ml.crowd.ibcc import Ibcc, divergence, expected_log
from ml.crowd.majority import Majority
from ml.crowd.votes import Votes
from tests.unit.crowd.crowds import accuracy, crowd


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(0, 0.4), st.booleans())
@pytest.mark.parametrize("method", [Ibcc, Ebcc])
def test_the_bound_never_falls(method, seed, classes, unsure, golden):
    rng = np.random.default_rng(seed)
    votes, truth = crowd(rng.uniform(0.2, 1, 8), items=30, classes=classes, per_item=4, seed=seed, unsure=unsure)
    gold = np.where(rng.random(30) < 0.3, truth, -1) if golden else None
    model = method(max_iter=25, tol=0).fit(votes, gold)
    assert np.diff(model.history_).min() > -1e-6 * abs(model.history_[0])
    assert model.log_likelihood_ == model.history_[-1] < 0
    np.testing.assert_allclose(model.confusion_.sum(axis=2), 1)


def test_divergence_is_that_of_the_densities():
    alpha, prior = np.array([3.0, 1.5, 0.7]), np.array([1.0, 2.0, 0.5])
    drawn = np.random.default_rng(0).dirichlet(alpha, 200_000).T
    drawn = np.maximum(drawn, 1e-12) / np.maximum(drawn, 1e-12).sum(axis=0)
    expected = (dirichlet.logpdf(drawn, alpha) - dirichlet.logpdf(drawn, prior)).mean()
    assert divergence(alpha, prior) == pytest.approx(expected, abs=0.01)
    assert divergence(prior, prior) == 0
    np.testing.assert_allclose(expected_log(alpha), np.log(drawn).mean(axis=1), atol=0.02)


def test_one_step_of_ibcc_against_plain_loops():
    votes, _ = crowd([0.8, 0.7, 0.9], items=20, classes=3)
    belief = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    alpha = np.where(np.eye(3), 4.0, 1.0) * np.ones((3, 1, 1))
    for i, w, a in zip(votes.item, votes.worker, votes.answer, strict=True):
        alpha[w, :, a] += belief[i]
    shares = 1 + belief.sum(axis=0)
    joint = np.tile(digamma(shares) - digamma(shares.sum()), (20, 1))
    for i, w, a in zip(votes.item, votes.worker, votes.answer, strict=True):
        joint[i] += digamma(alpha[w, :, a]) - digamma(alpha[w].sum(axis=1))
    model = Ibcc()
    model.maximise(votes, belief)
    np.testing.assert_allclose(model.joint(votes), joint)


def test_ebcc_of_one_subtype_is_ibcc():
    votes, _ = crowd(np.linspace(0.5, 0.95, 12), items=150, classes=3, per_item=5, unsure=0.1)
    one, plain = Ebcc(subtypes=1, tol=0, max_iter=30).fit(votes), Ibcc(tol=0, max_iter=30).fit(votes)
    np.testing.assert_allclose(one.posteriors_, plain.posteriors_, atol=1e-9)
    np.testing.assert_allclose(one.confusion_, plain.confusion_, atol=0.01)
    np.testing.assert_allclose(one.log_likelihood_, plain.log_likelihood_)


def lookalikes(seed):
    """Simulate a no of which a half looks like a yes to most of the crowd, but not to four of fifteen."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, 400)  # two kinds of yes, an easy no, and the lookalike
    truth = (kind < 2).astype(int)
    right = np.tile([0.85, 0.85, 0.85, 0.25], (15, 1))
    right[:4, 3] = 0.85
    item, worker = np.repeat(np.arange(400), 15), np.tile(np.arange(15), 400)
    answer = np.where(rng.random(6000) < right[worker, kind[item]], truth[item], 1 - truth[item])
    return Votes(item, worker, answer, tuple(map(str, range(400))), tuple(map(str, range(15))), ("0", "1")), truth


@pytest.mark.parametrize("seed", range(3))
def test_ebcc_explains_votes_that_err_together(seed):
    votes, truth = lookalikes(seed)
    ibcc, ebcc = Ibcc().fit(votes), Ebcc(max_iter=500).fit(votes)
    assert ebcc.log_likelihood_ > ibcc.log_likelihood_ + 40
    gold = np.where(np.arange(400) < 80, truth, -1)
    plain, taught = Ibcc().fit(votes, gold), Ebcc(max_iter=500).fit(votes, gold)
    assert accuracy(taught.posteriors_[80:], truth[80:]) > accuracy(plain.posteriors_[80:], truth[80:])


def test_the_same_seed_starts_the_same_subtypes():
    votes, _ = lookalikes(0)
    first, again, other = (Ebcc(seed=seed, max_iter=5).fit(votes).posteriors_ for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


def test_priors_protect_those_with_few_votes():
    votes, truth = crowd([0.8] * 200, items=400, per_item=3, seed=5)
    plain = accuracy(DawidSkene().fit(votes).posteriors_, truth)
    assert accuracy(Ibcc().fit(votes).posteriors_, truth) > plain + 0.05
    assert accuracy(Bwa().fit(votes).posteriors_, truth) > plain + 0.05


def test_bwa_weighs_people_and_is_never_certain():
    votes, truth = crowd([0.97, 0.97, 0.6, 0.6, 0.6, 0.6, 0.6], items=800)
    model = Bwa().fit(votes)
    assert accuracy(model.posteriors_, truth) > accuracy(Majority().fit(votes).posteriors_, truth) + 0.05
    assert model.skills_[:2].min() > 2 * model.skills_[2:].max()
    assert 0 < model.posteriors_.min() < model.posteriors_.max() < 1
    assert (model.skills_sd_ > 0).all()


def test_one_step_of_bwa_against_plain_loops():
    votes, _ = crowd([0.8, 0.7, 0.9], items=20, classes=3, unsure=0.2)
    values = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    model = Bwa()
    model.prior_rate_ = np.array([2.0, 3.0, 4.0])
    model.weigh(votes, values)
    shape, rate = np.full(3, 15.0), np.tile([2.0, 3.0, 4.0], (3, 1))
    for i, w, a in zip(votes.item, votes.worker, votes.answer, strict=True):
        if a < 3:
            shape[w] += 1
            rate[w] += (np.eye(3)[a] - values[i]) ** 2
    np.testing.assert_allclose(model.precision_, shape[:, None] / rate)
