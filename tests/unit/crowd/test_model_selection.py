"""`auto` chooses by evidence, and gives its reason."""

import numpy as np
import pytest

from ml.cli.crowd_command import METHODS
from ml.crowd import model_selection
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.majority import Majority, leading
from ml.crowd.model_selection import CANDIDATES, Auto, near_the_best
from ml.crowd.tempering import tempered
from ml.crowd.votes import Votes
from tests.unit.crowd.crowds import accuracy, crowd


def test_where_everybody_is_alike_and_seldom_seen_it_is_the_majority():
    votes, _ = crowd(np.full(300, 0.75), items=300, per_item=3, seed=1)
    model = Auto().fit(votes)
    assert model.chosen_ == "majority"
    plain = Majority().fit(votes).posteriors_
    np.testing.assert_array_equal(leading(model.posteriors_), leading(plain))
    assert 0 < model.posteriors_.min() < model.posteriors_.max() < 1
    assert model.reason_.startswith("Log-likelihood of 900 held-out votes: -")


def test_where_some_guess_it_is_a_method_that_tells_them_apart():
    """Everybody here is as often right on either class: just what one-coin assumes."""
    votes, truth = crowd([0.95] * 3 + [0.5] * 5, items=300, seed=1)
    model = Auto().fit(votes)
    assert model.chosen_ == "one-coin"
    assert accuracy(model.posteriors_, truth) > 0.95
    assert model.confusion_.shape == (8, 2, 3)
    np.testing.assert_array_equal(model.predict(votes), model.posteriors_)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("skills", [np.full(200, 0.7), np.linspace(0.5, 0.95, 20), [0.9] * 4 + [0.1] * 2])
def test_the_choice_is_near_the_better_one(skills, seed):
    votes, truth = crowd(skills, items=400, per_item=5, seed=seed)
    chosen, majority, plain = (accuracy(m.fit(votes).posteriors_, truth) for m in (Auto(), Majority(), DawidSkene()))
    assert chosen >= max(majority, plain) - 0.025


def test_gold_decides_where_there_is_enough():
    votes, truth = crowd([0.95] * 3 + [0.5] * 5, items=300, seed=1)
    told = Auto().fit(votes, np.where(np.arange(300) < 100, truth, -1))
    assert told.chosen_ == "one-coin"
    assert told.reason_.startswith("Of 100 gold items the majority is right on 8")
    assert " by the majority" not in told.reason_
    few = Auto().fit(votes, np.where(np.arange(300) < 5, truth, -1))
    assert few.reason_.startswith("Log-likelihood of 2400")


def test_every_method_is_compared():
    votes, _ = crowd([0.95] * 3 + [0.5] * 5, items=100)
    reason = Auto().fit(votes).reason_
    assert set(CANDIDATES) == set(METHODS) - {"auto"}
    assert all(f"by {title}" in reason for title, _ in CANDIDATES.values())


def test_swap_is_compared_for_two_classes_only_and_glad_up_to_a_number_of_votes(monkeypatch):
    three, _ = crowd([0.95] * 3 + [0.5] * 5, items=100, classes=3)
    assert "SWAP" not in Auto().fit(three).reason_
    monkeypatch.setattr(model_selection, "MOST_FOR_GLAD", len(three.item) - 1)
    assert "GLAD" not in Auto().fit(three).reason_


def test_one_method_alone_is_only_tempered():
    votes, _ = crowd([0.8] * 9, items=200)
    model = Auto(methods=["dawid-skene"]).fit(votes)
    plain = DawidSkene(shrinkage=2).fit(votes).posteriors_
    assert (model.chosen_, model.reason_) == ("dawid-skene", "")
    assert model.temperature_ > 1
    np.testing.assert_allclose(model.posteriors_, tempered(plain, model.temperature_))
    assert model.posteriors_.max(axis=1).mean() < plain.max(axis=1).mean()


def test_an_item_without_votes_keeps_the_prior_untempered():
    votes, _ = crowd([0.8] * 9, items=200)
    more = Votes(votes.item, votes.worker, votes.answer, (*votes.items, "new"), votes.workers, votes.classes)
    model = Auto(methods=["dawid-skene"]).fit(more)
    np.testing.assert_allclose(model.posteriors_[-1], model.prior_)
    np.testing.assert_allclose(model.predict(more)[-1], model.prior_)


def test_the_simplest_of_equals_is_kept():
    random = np.random.default_rng(0)
    best = random.normal(0, 1, 400)
    scores = {"worse": best - 1, "equal": best + random.normal(-0.01, 1, 400), "best": best}
    assert near_the_best(scores) == ["equal", "best"]


def test_a_handful_of_votes_is_a_majority():
    votes, _ = crowd([0.9] * 2, items=5)
    assert Auto().fit(votes).reason_ == "With 10 votes there are too few to learn anything about anybody."


def test_the_same_seed_chooses_the_same():
    votes, _ = crowd(np.full(50, 0.7), items=100, per_item=4)
    assert Auto(seed=3).fit(votes).reason_ == Auto(seed=3).fit(votes).reason_ != Auto(seed=4).fit(votes).reason_
