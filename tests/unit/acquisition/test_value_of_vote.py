"""The expected value of one more vote, against the crowd's own formula and by enumeration."""

import numpy as np
import pytest

from ml.acquisition.value_of_vote import belief, errors_saved_by_vote, information_of_vote
from ml.crowd.information import expected_information

SKILLED = np.array([[0.8, 0.1, 0.1], [0.15, 0.75, 0.1]])
GUESSING = np.array([[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]])


@pytest.mark.parametrize("p", [0.0, 0.01, 0.3, 0.5, 0.97, 1.0])
def test_information_is_what_the_crowd_s_formula_gives(p):
    known = expected_information(SKILLED[None], np.array([1 - p, p]))
    assert information_of_vote(np.array([p]), SKILLED) == pytest.approx(known, abs=1e-12)


def test_a_guess_is_worth_nothing_and_skill_is_worth_more():
    p = np.linspace(0.02, 0.98, 25)
    assert np.allclose(information_of_vote(p, GUESSING), 0)
    assert np.allclose(errors_saved_by_vote(p, GUESSING), 0)
    better = np.array([[0.95, 0.0, 0.05], [0.0, 0.95, 0.05]])
    assert (information_of_vote(p, better) > information_of_vote(p, SKILLED)).all()


def test_errors_saved_are_those_of_simulated_votes():
    rng, p = np.random.default_rng(0), 0.35
    real = rng.random(400_000) < p
    answer = (rng.random(real.size)[:, None] > SKILLED.cumsum(1)[real.astype(int)]).sum(1)
    says_real = p * SKILLED[1] > (1 - p) * SKILLED[0]
    saved = min(p, 1 - p) - (says_real[answer] != real).mean()
    assert errors_saved_by_vote(np.array([p]), SKILLED)[0] == pytest.approx(saved, abs=0.003)


def test_belief_joins_model_and_votes_and_the_prior_stands_in_for_the_model_alone():
    assert belief(np.array([0.2]), np.array([np.nan]), prior=0.05) == pytest.approx([0.2])
    for p_model, known in ((0.2, 0.2), (np.nan, 0.05)):
        odds = known / (1 - known) * (0.7 / 0.3)
        assert belief(np.array([p_model]), np.array([0.7]), prior=0.05) == pytest.approx([odds / (1 + odds)])


def test_certainty_stays_finite():
    assert np.isfinite(belief(np.array([0.0, 1.0]), np.array([1.0, 0.0]))).all()
