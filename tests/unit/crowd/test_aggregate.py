"""Majority, Dawid–Skene and SWAP on crowds of known skill."""

import numpy as np
import pytest

from ml.crowd.dawid_skene import DawidSkene, joint_of, soft_counts
from ml.crowd.em import split
from ml.crowd.majority import Majority
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes
from tests.unit.crowd.crowds import accuracy, crowd


def test_majority_counts_definite_votes_and_shares_where_there_are_none():
    votes = Votes.of(list("aaabbc"), list("xyzxyx"), ["yes", "yes", "no", "unsure", "yes", "unsure"])
    np.testing.assert_allclose(Majority().fit(votes).posteriors_, [[1 / 3, 2 / 3], [0, 1], [0.5, 0.5]])


@pytest.mark.parametrize("method", [DawidSkene, Swap])
def test_two_experts_outweigh_five_who_guess(method):
    votes, truth = crowd([0.97, 0.97, 0.5, 0.5, 0.5, 0.5, 0.5], items=800)
    assert accuracy(Majority().fit(votes).posteriors_, truth) < 0.85
    assert accuracy(method().fit(votes).posteriors_, truth) > 0.95


def test_somebody_who_is_always_wrong_is_as_good_as_an_expert():
    votes, truth = crowd([0.9, 0.9, 0.9, 0.05], items=600)
    assert accuracy(DawidSkene().fit(votes).posteriors_, truth) > 0.96


def test_dawid_skene_learns_confusions_of_many_classes():
    votes, truth = crowd([0.9, 0.8, 0.7, 0.6, 0.75], items=1500, classes=4)
    model = DawidSkene().fit(votes)
    assert accuracy(model.posteriors_, truth) > 0.93
    skills = np.diagonal(model.confusion_[:, :, :4], axis1=1, axis2=2).mean(axis=1)
    np.testing.assert_allclose(skills, [0.9, 0.8, 0.7, 0.6, 0.75], atol=0.05)
    np.testing.assert_allclose(model.prior_, 0.25, atol=0.04)
    np.testing.assert_allclose(model.confusion_.sum(axis=2), 1)


def test_each_step_against_plain_loops():
    votes, _ = crowd([0.8, 0.7, 0.9], items=20, classes=3)
    posteriors = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    counts = np.zeros((3, 3, 4))
    for i, w, a in zip(votes.item, votes.worker, votes.answer, strict=True):
        counts[w, :, a] += posteriors[i]
    np.testing.assert_allclose(soft_counts(votes, posteriors), counts)
    confusion = (counts + 0.01) / (counts + 0.01).sum(axis=2, keepdims=True)
    model = DawidSkene(smoothing=0.01)
    model.maximise(votes, posteriors)
    np.testing.assert_allclose(model.confusion_, confusion)
    joint = np.tile([0.2, 0.3, 0.5], (20, 1))
    for i, w, a in zip(votes.item, votes.worker, votes.answer, strict=True):
        joint[i] *= confusion[w, :, a]
    found, totals = split(joint_of(votes, np.array([0.2, 0.3, 0.5]), confusion))
    np.testing.assert_allclose(found, joint / joint.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(totals, np.log(joint.sum(axis=1)))


def test_a_thousand_votes_on_one_item_do_not_underflow():
    workers = [f"w{i}" for i in range(1000)]
    votes = Votes.of(["a"] * 1000 + ["b"] * 1000, workers * 2, ["0", "1"] * 500 + ["1", "0"] * 500)
    for model in (DawidSkene(), Swap()):
        posteriors = model.fit(votes).posteriors_
        assert np.isfinite(posteriors).all()


def test_a_class_nobody_chooses_does_no_harm():
    votes = Votes.of(["a", "b"], ["w", "w"], ["yes", "yes"], classes=("no", "yes"))
    for model in (DawidSkene(), Swap()):
        assert model.fit(votes).posteriors_.argmax(axis=1).tolist() == [1, 1]


def test_unsure_can_tell_where_one_class_draws_it():
    """Everybody is unsure of most 'no' items and of no 'yes' item, so an unsure alone must mean 'no'."""
    rng = np.random.default_rng(3)
    item, worker, label = [], [], []
    for i in range(800):
        real = i % 2
        for w in range(5):
            silent = not real and rng.random() < 0.7
            right = rng.random() < 0.9
            item.append(f"{i:03d}")
            worker.append(str(w))
            label.append("unsure" if silent else "yes" if bool(real) == right else "no")
    votes = Votes.of([*item, "new"], [*worker, "0"], [*label, "unsure"])
    for model in (DawidSkene(), Swap()):
        fitted = model.fit(votes)
        assert fitted.posteriors_[votes.items.index("new"), 0] > 0.9


def test_shrinkage_protects_those_with_few_votes():
    votes, truth = crowd([0.8] * 200, items=400, per_item=3, seed=5)
    plain, shrunk = DawidSkene().fit(votes), DawidSkene(shrinkage=4).fit(votes)
    assert accuracy(shrunk.posteriors_, truth) >= accuracy(plain.posteriors_, truth)


def test_new_workers_count_as_average_or_newcomers():
    votes, _ = crowd([0.9] * 5)
    new = Votes.of(["x", "x"], ["stranger", "0"], ["1", "1"], classes=("0", "1"))
    for model in (DawidSkene(), Swap()):
        posteriors = model.fit(votes).predict(new)
        assert posteriors.shape == (1, 2)
        assert posteriors[0, 1] > 0.9


def test_swap_with_gold_learns_from_gold_alone():
    votes, truth = crowd([0.95, 0.95, 0.3, 0.3, 0.3], items=400)
    gold = np.where(np.arange(400) < 80, truth, -1)
    model = Swap().fit(votes, gold)
    assert model.n_iter_ == 1
    assert accuracy(model.posteriors_, truth) > 0.93
    assert accuracy(Majority().fit(votes).posteriors_, truth) < 0.8
