"""SWAP: votes weighted by the skill of their volunteer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.answer import ANSWERS
from ml.crowd.skill import FLOOR, Skill, class_rates, floored, newcomer_counts, skill_one_coin, skill_two_coin
from ml.crowd.swap import CERTAINTY, Swap, posterior
from ml.crowd.votes import Votes

counts = st.lists(st.integers(0, 10_000), min_size=6, max_size=6).map(lambda six: [six[:3], six[3:]])
skills = counts.map(skill_two_coin)


def believed(prior, answers, skills):
    """Return the posterior of one subject with answers by different volunteers."""
    codes = np.array([ANSWERS.index(answer) for answer in answers], dtype=int)
    volunteers = tuple(map(str, range(len(codes))))
    votes = Votes(np.zeros_like(codes), np.arange(len(codes)), codes, ("a",), volunteers, ("no", "yes"))
    return posterior(prior, votes, np.array([skill.matrix for skill in skills]).reshape(-1, 2, 3))[0]


def exact(prior, answers, skills):
    """Textbook Bayes' rule."""
    yes, no = prior, 1 - prior
    for answer, skill in zip(answers, skills, strict=True):
        column = ANSWERS.index(answer)
        no, yes = no * skill.matrix[0][column], yes * skill.matrix[1][column]
    return yes / (yes + no)


def test_one_vote_by_hand():
    skill = Skill.of([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]])
    likelihood = skill.matrix[1][1] / skill.matrix[0][1]
    assert believed(0.2, ["yes"], [skill]) == pytest.approx(0.2 * likelihood / (0.2 * likelihood + 0.8))
    assert likelihood == pytest.approx(6, rel=0.05)


@given(st.floats(0.01, 0.99), st.lists(st.tuples(st.sampled_from(ANSWERS), skills), max_size=6))
def test_the_posterior_is_bayes_rule(prior, votes):
    answers, theirs = [answer for answer, _ in votes], [skill for _, skill in votes]
    expected = np.clip(exact(prior, answers, theirs), CERTAINTY, 1 - CERTAINTY)
    assert believed(prior, answers, theirs) == pytest.approx(float(expected), rel=1e-6)


@given(st.lists(st.tuples(st.sampled_from(ANSWERS), skills), min_size=2, max_size=6), st.randoms())
def test_the_order_of_votes_does_not_matter(votes, random):
    mixed = random.sample(votes, len(votes))
    first, second = (believed(0.3, *zip(*order, strict=True)) for order in (votes, mixed))
    assert first == pytest.approx(second, rel=1e-9)


@given(st.floats(0, 1), skills, st.sampled_from(ANSWERS), st.integers(1, 500))
def test_nothing_reaches_certainty(prior, skill, answer, times):
    belief = believed(prior, [answer] * times, [skill] * times)
    assert CERTAINTY <= belief <= 1 - CERTAINTY


@given(counts)
def test_skills_are_probabilities_off_the_walls(six):
    matrix = np.array(skill_two_coin(six).matrix)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    assert matrix.min() >= FLOOR * 0.999


def test_no_votes_leave_the_prior():
    assert believed(0.37, [], []) == pytest.approx(0.37)


def test_one_coin_unsure_is_no_evidence():
    skill = skill_one_coin(correct=30, total=32, abstained=20)
    assert believed(0.4, ["unsure"] * 9, [skill] * 9) == pytest.approx(0.4)


def test_two_coin_unsure_is_evidence_for_the_class_that_draws_it():
    doubts_bogus, seldom_seen = skill_two_coin([[400, 50, 550], [50, 950, 0]]), skill_two_coin([[4, 0, 6], [0, 10, 0]])
    assert believed(0.5, ["unsure"], [doubts_bogus]) < 0.05
    assert 0.3 < believed(0.5, ["unsure"], [seldom_seen]) < 0.5


def test_equal_skill_moves_the_odds_about_equally_however_often_they_abstain():
    """Both are right in 16 of 20 definite answers; one abstained ten times, only on subjects that were a yes.

    Without shrinking, a yes of the one would move the odds by 3.3, and of the other by 1.9.
    """
    never, often = skill_two_coin([[8, 2, 0], [2, 8, 0]]), skill_two_coin([[8, 2, 0], [2, 8, 10]])
    odds = [float(np.exp(each.evidence("yes"))) for each in (never, often)]
    assert odds[0] == pytest.approx(3.3, abs=0.1)
    assert odds[1] == pytest.approx(odds[0], rel=0.2)
    assert never.evidence("no") == pytest.approx(-never.evidence("yes"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([[3, 1, 0], [0, 3, 12]], [[2, 0, 10], [1, 4, 12]]),  # both right in 6 of 7 definite answers
        ([[8, 1, 0], [1, 0, 8]], [[0, 1, 10], [1, 8, 4]]),  # in 8 of 10
        ([[8, 2, 0], [1, 1, 8]], [[4, 2, 12], [1, 5, 2]]),  # in 9 of 12
    ],
)
def test_luck_in_abstaining_no_longer_decides_what_a_yes_is_worth(one, other):
    """With a plain Dirichlet prior, a yes of the first volunteer moves the odds by 1.00, and of the other by 4.27."""
    plain = [floored(np.array(counts) + newcomer_counts()) for counts in (one, other)]
    assert [round(float(rates[1, 1] / rates[0, 1]), 2) for rates in plain] == [1.0, 4.27]
    odds = [float(np.exp(skill_two_coin(counts).evidence("yes"))) for counts in (one, other)]
    assert min(odds) > 2
    assert max(odds) < 1.7 * min(odds)


def test_rates_of_abstaining_follow_the_formula():
    counts = np.array([[30.0, 10, 20], [5, 35, 0]])
    own = (20 + 0.5) / (100 + 5)
    expected = np.array([(20 + 50 * own) / 110, (0 + 50 * own) / 90])
    rates = class_rates(counts)
    np.testing.assert_allclose(rates[:, 2], expected)
    np.testing.assert_allclose(rates[:, 1] / (rates[:, 0] + rates[:, 1]), [11 / 43, 37 / 43])
    np.testing.assert_allclose(rates.sum(axis=1), 1)
    np.testing.assert_allclose(class_rates(np.stack([counts, counts * 0]))[0], rates)
    newcomer = newcomer_counts()
    np.testing.assert_allclose(class_rates(counts * 0), newcomer / newcomer.sum(axis=1, keepdims=True))


def test_a_newcomer_is_believed_a_little_and_a_coin_not_at_all():
    newcomer, coin = skill_one_coin(0, 0), skill_one_coin(500, 1000)
    assert 0.6 < believed(0.5, ["yes"], [newcomer]) < 0.75
    assert believed(0.5, ["yes"], [coin]) == pytest.approx(0.5, abs=0.01)


def test_who_is_always_wrong_is_read_backwards():
    assert believed(0.5, ["yes"], [skill_one_coin(0, 100)]) < 0.1


def test_experience_is_worth_more_than_luck():
    lucky, proven = skill_one_coin(2, 2), skill_one_coin(190, 200)
    assert proven.evidence("yes") > lucky.evidence("yes") > skill_one_coin(0, 0).evidence("yes") > 0
    assert proven.evidence("yes") == pytest.approx(np.log(192 / 11), abs=0.3)


def test_unsure_is_counted_over_everything_seen():
    assert skill_one_coin(8, 10, abstained=50, seen=100).matrix[0][2] == pytest.approx(50.5 / 105, abs=0.01)
    assert skill_one_coin(8, 10, abstained=0).matrix[0][2] < skill_one_coin(8, 10, abstained=5).matrix[0][2]


def test_two_coin_tells_the_classes_apart():
    skill = skill_two_coin([[95, 5, 0], [50, 50, 0]])
    assert skill.evidence("yes") > 1.5
    assert -1 < skill.evidence("no") < 0


@pytest.mark.parametrize(("correct", "total", "abstained", "seen"), [(3, 2, 0, 2), (-1, 2, 0, 2), (1, 2, 4, 3)])
def test_impossible_counts_are_refused(correct, total, abstained, seen):
    with pytest.raises(ValueError, match="impossible counts"):
        skill_one_coin(correct, total, abstained, seen)


@pytest.mark.parametrize(
    "matrix", [[[1, 2], [3, 4]], [[1, 0, -1], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]], [[np.nan, 1, 1], [1, 1, 1]]]
)
def test_matrices_that_are_no_skill(matrix):
    with pytest.raises(ValueError, match="two rows of 3"):
        Skill.of(matrix)


def test_an_unknown_answer_is_no_evidence_but_an_error():
    with pytest.raises(ValueError, match="one of no, yes, unsure, not 'maybe'"):
        skill_one_coin(1, 1).evidence("maybe")


def test_many_at_once_agree_with_one_by_one():
    rng = np.random.default_rng(2)
    theirs = [skill_two_coin(rng.integers(0, 30, (2, 3))) for _ in range(6)]
    item, worker = rng.integers(0, 40, 200), rng.integers(0, 6, 200)
    label = rng.choice(ANSWERS, 200)
    names = [f"{i:02d}" for i in range(40)]
    votes = Votes.of([names[i] for i in item], [str(w) for w in worker], label, classes=("no", "yes"))
    together = posterior(0.3, votes, np.array([skill.matrix for skill in theirs]))
    for row, name in enumerate(votes.items):
        mine = [k for k in range(200) if names[item[k]] == name]
        alone = believed(0.3, [str(label[k]) for k in mine], [theirs[worker[k]] for k in mine])
        assert together[row] == pytest.approx(alone, rel=1e-9)


def test_swap_gives_the_prior_where_nobody_votes_definitely():
    votes = Votes.of(["a"] * 3 + ["b"], ["x", "y", "z", "x"], ["yes", "yes", "no", "unsure"])
    assert Swap(coins=1, prior=0.2).fit(votes).posteriors_[1, 1] == pytest.approx(0.2)
