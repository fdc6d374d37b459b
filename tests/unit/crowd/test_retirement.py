"""SWAP's retirement rule, for one subject and for many; a new workflow has its defaults."""

import numpy as np
import pytest

from ml.crowd.retirement import ACCEPT, MAX_VOTES, MIN_VOTES, REJECT, has_consensus, is_exhausted
from webapp.workflows.models import Workflow


@pytest.mark.parametrize(
    ("decided", "posterior", "settled"),
    [(3, 0.99, True), (3, 0.01, True), (3, 0.98, False), (2, 0.999, False), (0, 0.999, False), (30, 0.5, False)],
)
def test_enough_votes_decide_and_the_posterior_is_past_a_threshold(decided, posterior, settled):
    assert has_consensus(decided, posterior) == settled
    assert has_consensus(np.array([decided]), np.array([posterior])).tolist() == [settled]


def test_a_prior_alone_settles_nothing_even_if_no_votes_are_required():
    assert not has_consensus(0, 0.999, min_votes=0)
    assert has_consensus(1, 0.999, min_votes=0)


def test_the_most_votes_end_it_without_consensus():
    assert not is_exhausted(9)
    assert is_exhausted(10)
    assert is_exhausted(np.array([4, 5]), 5).tolist() == [False, True]


def test_a_new_workflow_retires_subjects_as_simulated_crowds_do():
    new = Workflow()
    rule = (new.min_votes, new.max_votes, new.accept_threshold, new.reject_threshold)
    assert rule == (MIN_VOTES, MAX_VOTES, ACCEPT, REJECT)
