"""Online SWAP equals the batch in any order, without shared state or double counting."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.crowd.information import expected_information, information_sd
from ml.crowd.online import OnlineSwap
from ml.crowd.skill import Skill
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes
from tests.unit.crowd.crowds import accuracy, crowd

ANSWERS = ("no", "yes", "unsure")
votes_given = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("uvwx"), st.sampled_from(ANSWERS)),
    min_size=1, max_size=25, unique_by=lambda vote: vote[:2],
)  # fmt: skip
golds = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(("no", "yes")), min_size=1)


def fed(model, votes, gold, order):
    """Feed votes and gold in a mixed order."""
    steps = [(model.observe, vote) for vote in votes] + [(model.reveal, known) for known in gold.items()]
    for index in order:
        method, said = steps[index]
        method(*said)
    return model


@settings(deadline=None)
@given(votes_given, golds, st.sampled_from((1, 2)), st.randoms())
def test_any_order_gives_what_the_batch_gives(votes, gold, coins, random):
    order = random.sample(range(len(votes) + len(gold)), len(votes) + len(gold))
    online = fed(OnlineSwap(prior=0.3, coins=coins), votes, gold, order)
    columns = Votes.of(*zip(*votes, strict=True), classes=("no", "yes"))
    known = columns.codes_of(gold)
    if (known < 0).all():
        return  # the batch would be unsupervised
    batch = Swap(prior=0.3, coins=coins).fit(columns, known)
    for row, item in enumerate(columns.items):
        assert online.posterior(item) == pytest.approx(batch.posteriors_[row, 1], rel=1e-9)
    for row, worker in enumerate(columns.workers):
        np.testing.assert_allclose(online.confusion(worker), batch.confusion_[row], rtol=1e-12)
        assert online.skill(worker) == pytest.approx(batch.skills_[row])


def state(model, items="abcde", workers="uvwx"):
    return [model.posterior(item) for item in items] + [model.confusion(worker).tolist() for worker in workers]


@settings(deadline=None)
@given(votes_given, golds, st.booleans())
def test_a_vote_fed_again_changes_nothing(votes, gold, supervised):
    model = fed(OnlineSwap(supervised=supervised), votes, gold, range(len(votes) + len(gold)))
    before = state(model)
    for vote in votes * 2:
        model.observe(*vote)
    for known in gold.items():
        model.reveal(*known)
    assert state(model) == before


@settings(deadline=None)
@given(votes_given, golds, st.data())
def test_undoing_and_changing_ones_mind_leaves_no_trace(votes, gold, data):
    model = fed(OnlineSwap(), votes, gold, range(len(votes) + len(gold)))
    before = copy.deepcopy(state(model))
    item, worker, answer = data.draw(st.sampled_from(votes))
    model.observe(item, worker, data.draw(st.sampled_from(ANSWERS)))
    model.observe(item, worker, answer)
    model.withdraw("e", "a stranger")
    assert state(model) == before
    for vote in votes:
        model.withdraw(*vote[:2])
    assert state(model) == state(OnlineSwap())


def test_two_objects_and_two_agents_share_nothing():
    first, second = OnlineSwap(), OnlineSwap()
    first.reveal("gold", "yes")
    for _ in range(3):
        first.observe("gold", "anna", "yes")
    assert first.confusion("anna")[1, 1] > second.confusion("anna")[1, 1]
    np.testing.assert_array_equal(first.confusion("ben"), second.confusion("ben"))
    assert second.posterior("gold") == 0.5
    votes, truth = crowd([0.9, 0.6, 0.7], items=60)
    one, two = Swap().fit(votes, truth), Swap()
    assert not hasattr(two, "confusion_")
    one.confusion_[:] = 0
    assert two.fit(votes, truth).confusion_.min() > 0


@pytest.mark.parametrize("supervised", [True, False])
def test_fitting_twice_or_with_every_vote_twice_is_fitting_once(supervised):
    votes, truth = crowd([0.9, 0.6, 0.7, 0.8], items=80)
    gold = np.where(np.arange(80) < 30, truth, -1) if supervised else None
    once = Swap().fit(votes, gold)
    posteriors, confusion = once.posteriors_.copy(), once.confusion_.copy()
    doubled = votes.only(np.tile(np.arange(len(votes.item)), 2))
    for again in (once.fit(votes, gold), Swap().fit(doubled, gold)):
        np.testing.assert_array_equal(again.posteriors_, posteriors)
        np.testing.assert_array_equal(again.confusion_, confusion)


def test_the_last_of_two_votes_of_one_worker_counts():
    gold = np.array([1])
    both = Votes.of(["a", "a"], ["w", "w"], ["no", "yes"])
    last = Votes.of(["a"], ["w"], ["yes"], classes=("no", "yes"))
    np.testing.assert_array_equal(Swap().fit(both, gold).posteriors_, Swap().fit(last, gold).posteriors_)


def test_unsupervised_agents_learn_from_what_is_believed():
    votes, truth = crowd([0.95, 0.9, 0.9, 0.5, 0.5], items=400, seed=3)
    model = OnlineSwap(supervised=False)
    for item, worker, answer in zip(votes.item, votes.worker, votes.answer, strict=True):
        model.observe(votes.items[item], votes.workers[worker], ANSWERS[answer])
    posteriors = np.array([model.posterior(item) for item in votes.items])
    assert ((posteriors > 0.5) == truth).mean() > 0.93
    assert model.skill("0") > 0.3 > 0.1 > model.skill("3")


def test_skill_is_the_information_an_answer_is_expected_to_bring():
    half = np.full(2, 0.5)
    coin, oracle, liar = [[0.5, 0.5, 0]] * 2, [[1, 0, 0], [0, 1, 0]], [[0, 1, 0], [1, 0, 0]]
    np.testing.assert_allclose(expected_information(np.array([coin, oracle, liar]), half), [0, 1, 1], atol=1e-12)
    # Marshall's formula for an agent without unsure: P(yes | yes) = 0.9, P(no | no) = 0.7, equal priors.
    said_yes = (0.9 + 0.3) / 2
    terms = [(0.9, said_yes), (0.1, 1 - said_yes), (0.3, said_yes), (0.7, 1 - said_yes)]
    by_hand = sum(0.5 * p * np.log2(p / q) for p, q in terms)
    agent = Skill.of([[0.7, 0.3, 0], [0.1, 0.9, 0]])
    assert expected_information(np.array([[[0.7, 0.3, 0], [0.1, 0.9, 0]]]), half)[0] == pytest.approx(by_hand)
    assert expected_information(np.array([agent.matrix]), half)[0] == pytest.approx(by_hand, abs=0.03)


def test_unsure_that_one_class_draws_is_information():
    talks = expected_information(np.array([[[0.3, 0, 0.7], [0, 1, 0]]]), np.full(2, 0.5))
    assert talks[0] == pytest.approx(1)


def test_the_spread_of_skill_is_that_of_drawn_matrices():
    alpha, half = np.array([[[40.0, 10, 5], [8, 50, 5]]]), np.full(2, 0.5)
    rng = np.random.default_rng(1)
    drawn = np.stack([rng.dirichlet(row, 20_000) for row in alpha[0]], axis=1)
    assert information_sd(alpha, half)[0] == pytest.approx(expected_information(drawn, half).std(), rel=0.1)


def test_supervised_swap_is_right():
    votes, truth = crowd([0.95, 0.95, 0.3, 0.3, 0.3], items=400)
    assert accuracy(Swap().fit(votes, np.where(np.arange(400) < 80, truth, -1)).posteriors_, truth) > 0.93


@pytest.mark.parametrize("said", [("observe", "a", "w", "maybe"), ("reveal", "a", "unsure")])
def test_answers_that_are_none_are_refused_and_leave_nothing(said):
    model = OnlineSwap()
    with pytest.raises(ValueError, match="expected one of no, yes"):
        getattr(model, said[0])(*said[1:])
    assert (model.votes_, model.gold_, model.counts_) == ({}, {}, {})
