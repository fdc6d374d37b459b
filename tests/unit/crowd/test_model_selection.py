"""`auto` chooses by evidence, and gives its reason."""

import numpy as np
import pytest

from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.majority import Majority
from ml.crowd.model_selection import Auto
from tests.unit.crowd.crowds import accuracy, crowd


def test_where_everybody_is_alike_and_seldom_seen_it_is_the_majority():
    votes, _ = crowd(np.full(300, 0.75), items=300, per_item=3, seed=1)
    model = Auto().fit(votes)
    assert model.chosen_ == "majority"
    np.testing.assert_array_equal(model.posteriors_, Majority().fit(votes).posteriors_)
    assert model.reason_.startswith("Log-likelihood of 900 held-out votes: -")


def test_where_some_guess_it_is_dawid_skene():
    votes, truth = crowd([0.95] * 3 + [0.5] * 5, items=300)
    model = Auto().fit(votes)
    assert model.chosen_ == "dawid-skene"
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
    votes, truth = crowd([0.95] * 3 + [0.5] * 5, items=300)
    told = Auto().fit(votes, np.where(np.arange(300) < 100, truth, -1))
    assert told.chosen_ == "dawid-skene"
    assert told.reason_.startswith("Of 100 gold items Dawid–Skene is right on 100.0%, the majority on 8")
    few = Auto().fit(votes, np.where(np.arange(300) < 5, truth, -1))
    assert few.reason_.startswith("Log-likelihood of 2400")


def test_a_handful_of_votes_is_a_majority():
    votes, _ = crowd([0.9] * 2, items=5)
    assert Auto().fit(votes).reason_ == "With 10 votes there are too few to learn anything about anybody."


def test_the_same_seed_chooses_the_same():
    votes, _ = crowd(np.full(50, 0.7), items=100, per_item=4)
    assert Auto(seed=3).fit(votes).reason_ == Auto(seed=3).fit(votes).reason_ != Auto(seed=4).fit(votes).reason_
