"""Odd or wrong input: a clear error, or the documented result. Never a warning."""

import numpy as np
import pytest

from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.glad import Glad
from ml.crowd.majority import Majority, WeightedMajority
from ml.crowd.model_selection import Auto
from ml.crowd.one_coin import OneCoin
from ml.crowd.swap import Swap
from ml.crowd.votes import BadVotes, Votes
from tests.unit.crowd.crowds import METHODS, crowd

NOBODY = np.zeros(0, dtype=int)


@pytest.fixture(params=METHODS)
def model(request):
    return request.param()


def named(item, worker, answer, items=("a", "b"), workers=("w",), classes=("no", "yes")):
    return Votes(np.array(item), np.array(worker), np.array(answer), items, workers, classes)


def check_state(model, votes):
    rows, classes = len(votes.items), len(votes.classes)
    assert model.posteriors_.shape == (rows, classes)
    np.testing.assert_allclose(model.posteriors_.sum(axis=1), 1)
    assert model.entropy_.shape == (rows,)
    assert model.prior_.shape == (classes,)
    assert model.skills_.shape == model.skills_sd_.shape == (len(votes.workers),)
    assert model.n_iter_ >= 1
    assert isinstance(model.converged_, bool)
    assert (model.workers_, model.classes_) == (votes.workers, votes.classes)
    assert isinstance(model.log_likelihood_, float)


def test_every_method_answers_alike(model):
    votes, truth = crowd([0.9] * 5 + [0.6] * 3, items=120, unsure=0.1)
    assert model.fit(votes, np.where(np.arange(120) < 30, truth, -1)) is model
    check_state(model, votes)
    assert (model.posteriors_.argmax(axis=1) == truth).mean() > 0.9
    first = model.posteriors_.copy()
    np.testing.assert_array_equal(model.fit(votes, np.where(np.arange(120) < 30, truth, -1)).posteriors_, first)
    np.testing.assert_allclose(model.predict(votes), first, atol=0.02)


def test_an_unknown_worker_counts_as_an_average_one(model):
    votes, _ = crowd([0.9] * 6, items=100)
    model.fit(votes)
    strangers = named([0, 0, 1], [0, 1, 1], [1, 1, 0], workers=("stranger", "another"), classes=votes.classes)
    posteriors = model.predict(strangers)
    assert posteriors[0, 1] > 0.5 > posteriors[1, 1]


def test_an_item_without_votes_keeps_the_prior(model):
    votes, _ = crowd([0.9] * 6, items=100)
    empty = Votes(votes.item, votes.worker, votes.answer, (*votes.items, "new"), votes.workers, votes.classes)
    model.fit(empty)
    check_state(model, empty)
    assert abs(model.posteriors_[-1, 1] - 0.5) < 0.1
    assert model.entropy_[-1] > 0.95


def test_one_worker_alone_is_believed_a_little(model):
    votes = named([0, 1], [0, 0], [1, 0])
    model.fit(votes)
    check_state(model, votes)
    assert model.posteriors_[0, 1] >= 0.5 >= model.posteriors_[1, 1]


def test_nobody_sure_of_anything_leaves_equal_chances(model):
    votes = named([0, 0, 1], [0, 1, 0], [2, 2, 2], workers=("v", "w"))
    model.fit(votes)
    check_state(model, votes)
    np.testing.assert_allclose(model.posteriors_, 0.5, atol=1e-6)


def test_no_votes_at_all_leave_equal_chances(model):
    votes = named(NOBODY, NOBODY, NOBODY)
    model.fit(votes)
    check_state(model, votes)
    np.testing.assert_allclose(model.posteriors_, 0.5)


@pytest.mark.parametrize("method", [Majority, WeightedMajority, DawidSkene, OneCoin, Glad, Auto])
def test_a_single_class_is_certain(method):
    votes = named([0, 1], [0, 0], [0, 1], classes=("yes",))
    np.testing.assert_allclose(method().fit(votes).posteriors_, 1)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0.0, np.nan], [0, 0], [1, 1]), "item codes are whole numbers, not float64; leave out votes that are NaN"),
        (([0, 1], [0, 0], [1.0, np.nan]), "answer codes are whole numbers"),
        (([0, 1], [0, 0], [1, 3]), "answer codes run from 0 to 2, not from 1 to 3"),
        (([0, -1], [0, 0], [1, 1]), "item codes run from 0 to 1, not from -1 to 0"),
        (([0, 1], [0, 5], [1, 1]), "worker codes run from 0 to 0, not from 0 to 5"),
        (([0, 1], [0], [1, 1]), "columns differ in length: 2, 1, 2"),
    ],
)
def test_codes_that_mean_nothing_are_refused(columns, message):
    with pytest.raises(BadVotes, match=message):
        named(*columns)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (["yes", "maybe"], ("no", "yes"), "the label 'maybe' is not one of the classes no, yes"),
        (["yes", "nan"], (), "a label is NaN; leave the vote out, or write 'unsure'"),
        ([1.0, float("nan")], (), "a label is NaN"),
        (["yes", None], (), "1 names are missing"),
    ],
)
def test_labels_outside_the_classes_are_refused(labels, classes, message):
    with pytest.raises(BadVotes, match=message):
        Votes.of(["a", "b"], ["w", "w"], labels, classes)


def test_predicting_other_classes_is_refused(model):
    model.fit(crowd([0.9] * 3, items=30)[0])
    with pytest.raises(BadVotes, match="these votes choose from bad, good; the fitted ones chose from 0, 1"):
        model.rows_of(named([0], [0], [1], classes=("bad", "good")))


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (np.array([0.0, np.nan]), "one class code for each of the 2 items"),
        (np.array([0]), "one class code for each of the 2 items"),
        (np.array([0, 2]), "gold codes run from -1 to 1, not from 0 to 2"),
    ],
)
def test_gold_that_does_not_fit_is_refused(model, gold, message):
    with pytest.raises(BadVotes, match=message):
        model.fit(named([0, 1], [0, 0], [1, 0]), gold)


def test_gold_in_words_is_checked_against_the_classes():
    votes = named([0, 1], [0, 0], [1, 0])
    assert votes.gold_of({"a": "yes", "elsewhere": "perhaps"}).tolist() == [1, -1]
    with pytest.raises(BadVotes, match="gold says 'perhaps' of item 'a'; the classes are no, yes"):
        votes.gold_of({"a": "perhaps"})


def test_swap_refuses_more_than_two_classes():
    with pytest.raises(BadVotes, match="two classes, and these votes have 3"):
        Swap().fit(crowd([0.8] * 3, classes=3)[0])
