"""SWAP's retirement rule: one for the site and for simulated crowds, by sums of votes on one subject or on many."""

from typing import Any

MIN_VOTES, MAX_VOTES, ACCEPT, REJECT = 3, 10, 0.99, 0.01
"""The defaults of a workflow."""


def has_consensus(
    decided: Any, posterior: Any, min_votes: int = MIN_VOTES, accept: Any = ACCEPT, reject: Any = REJECT
) -> Any:
    """Return whether enough votes decided, and the posterior is past a threshold.

    Parameters
    ----------
    decided : int, or (n,) int array
        Votes for yes or no. Abstentions do not count, since they and a prior decide nothing.
    posterior : float in 0..1, or (n,) array
        P(real) by the prior and all votes.
    min_votes, accept, reject : int, float, float
        The votes needed, at least one; consensus is yes from `accept` on, and no up to `reject`.

    Examples
    --------
    >>> has_consensus(np.array([3, 2]), np.array([0.995, 0.995]))
    array([ True, False])
    """
    return (decided >= max(min_votes, 1)) & ((posterior >= accept) | (posterior <= reject))


def is_exhausted(votes: Any, max_votes: int = MAX_VOTES) -> Any:
    """Return whether a subject retires without consensus: all votes count, abstentions too."""
    return votes >= max_votes
