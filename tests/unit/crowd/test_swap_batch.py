"""SWAP over all votes at once: a fit repeats itself, skill is information in bits, and gold makes it right."""

import numpy as np
import pytest

from ml.cli.crowd_command import compare_with_truth
from ml.crowd import swap
from ml.crowd.information import expected_information, information_sd
from ml.crowd.skill import Skill, newcomer_counts
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes
from tests.unit.crowd.campaign import campaign
from tests.unit.crowd.crowds import accuracy, crowd
from tests.unit.crowd.spammers import spammed_crowd


def test_two_fits_share_nothing():
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


def simulated_campaign(gold_share, seed):
    """Return votes and truth of 63 simulated volunteers, who are unsure of hard subjects, and gold codes."""
    answers, truth = campaign(spammed_crowd(60, 0.05, seed=seed), seed=seed, gold=gold_share)
    names = tuple(map(str, range(answers.n_items))), tuple(map(str, range(answers.n_volunteers)))
    gold = np.full(len(truth), -1)
    np.maximum.at(gold, answers.item, answers.gold)
    return Votes(answers.item, answers.volunteer, answers.answer, *names, ("no", "yes")), truth, gold


def plain_rates(counts):
    """P(answer | class) with a plain Dirichlet prior, which takes every abstention at its word."""
    alpha = counts + newcomer_counts(abstentions=1)
    return alpha / alpha.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(("gold_share", "gain"), [(0.05, 0.015), (0.2, 0.003)])
def test_shrinking_abstentions_lowers_the_log_loss_of_a_simulated_campaign(gold_share, gain, monkeypatch):
    """With 13 gold answers a volunteer from .110 to .089, and with 55 from .083 to .076, on average over six seeds."""
    campaigns = [simulated_campaign(gold_share, seed) for seed in range(6)]

    def log_loss():
        each = [
            compare_with_truth(Swap().fit(votes, gold).posteriors_, np.where(gold < 0, truth, -1))["log_loss"]
            for votes, truth, gold in campaigns
        ]
        return np.mean(each)

    shrunk = log_loss()
    monkeypatch.setattr(swap, "class_rates", plain_rates)
    assert shrunk < log_loss() - gain
