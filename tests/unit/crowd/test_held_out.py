"""Held-out votes: each is predicted once, by a model that has not seen it, and better where skills are learned."""

import numpy as np
import pytest

from ml.crowd import held_out
from ml.crowd.bwa import Bwa
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.held_out import Fold, held_out_score, log_chance, matrices_of
from ml.crowd.majority import Majority
from tests.unit.crowd.crowds import crowd

UNEVEN = [0.95] * 3 + [0.5] * 5


def careful():
    return DawidSkene(shrinkage=2)


def test_the_chance_of_a_vote_is_summed_over_the_classes():
    votes, _ = crowd([0.9, 0.6], items=3, classes=3, unsure=0.3)
    random = np.random.default_rng(0)
    posteriors, confusion = random.dirichlet(np.ones(3), 3), random.dirichlet(np.ones(4), (2, 3))
    expected = [
        np.log(sum(posteriors[i, k] * confusion[w, k, a] for k in range(3)))
        for i, w, a in zip(votes.item, votes.worker, votes.answer, strict=True)
    ]
    np.testing.assert_allclose(log_chance(votes, posteriors, confusion), expected)
    scores = Fold(votes, posteriors, confusion).score(1.0)
    np.testing.assert_allclose(scores, np.bincount(votes.item, weights=expected))


def test_who_learns_skills_predicts_better_where_skills_differ():
    votes, _ = crowd(UNEVEN, items=300)
    assert held_out_score(careful, votes).sum() > held_out_score(Majority, votes).sum() + 50
    alike, _ = crowd(np.full(300, 0.75), items=300, per_item=3, seed=1)
    assert held_out_score(careful, alike).sum() < held_out_score(lambda: Majority(smoothing=1), alike).sum()


def test_the_seed_decides_which_votes_are_held_out():
    votes, _ = crowd(UNEVEN, items=100)
    one, again, other = (held_out_score(careful, votes, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0


def test_no_method_sees_the_votes_that_it_predicts(monkeypatch):
    votes, _ = crowd(UNEVEN, items=100)
    seen = []

    class Watched(Majority):
        def fit(self, votes, gold=None):
            seen.append(len(votes.item))
            return super().fit(votes, gold)

    held_out_score(Watched, votes)
    assert seen == [640] * 5
    monkeypatch.setattr(held_out, "ENOUGH_VOTES", 700)
    seen.clear()
    few = held_out_score(Watched, votes)
    assert seen == [640]
    assert (few == 0).any()


@pytest.mark.parametrize("method", [Majority, Bwa, careful])
def test_everybody_has_a_confusion_matrix(method):
    votes, _ = crowd(UNEVEN, items=300, unsure=0.1)
    model = method().fit(votes)
    matrices = matrices_of(model, votes)
    assert matrices.shape == (8, 2, 3)
    np.testing.assert_allclose(matrices.sum(axis=2), 1)
    right = np.diagonal(matrices[:, :, :2], axis1=1, axis2=2).mean(axis=1)
    if method is Majority:
        np.testing.assert_allclose(right, right[0])
    else:
        assert right[:3].min() > right[3:].max() + 0.1
