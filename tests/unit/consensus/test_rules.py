"""Posteriors, retirement and redundancy, as pure functions of a workflow's rules."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ml.crowd.answer import Answer
from webapp.consensus.evidence import evidence_in_order, evidence_of, posterior_of, skill_of
from webapp.consensus.models import Consensus
from webapp.consensus.retirement import Sums, reason_to_retire, reasons_to_retire, rules_in_words
from webapp.queue.entries import open_slots, redundancy
from webapp.workflows.models import Method, Workflow

NEWCOMER = (0,) * 6
answers = st.sampled_from(["yes", "no", "unsure"])
counts = st.tuples(*[st.integers(0, 50)] * 6)
ballots = st.lists(st.tuples(answers, counts), max_size=12)
methods = st.sampled_from([method.value for method in Method])


def believed(method, votes, prior=0.5):
    said = [vote for vote, _ in votes]
    counted = {f"votes_{answer}": said.count(answer) for answer in ("yes", "no", "unsure")}
    row = Consensus(**counted, log_odds_micronats=sum(evidence_of(method, voter, vote) for vote, voter in votes))
    return posterior_of(row, Workflow(method=method, prior=prior))


@given(methods, ballots, st.randoms())
def test_the_order_of_votes_does_not_matter(method, votes, rng):
    shuffled = list(votes)
    rng.shuffle(shuffled)
    assert believed(method, votes) == believed(method, shuffled)


@given(methods, ballots, st.floats(0.01, 0.99))
def test_a_posterior_is_a_probability_and_the_prior_without_votes(method, votes, prior):
    assert 0 < believed(method, votes, prior) < 1
    assert believed(method, [], prior) == pytest.approx(prior)


@given(methods, ballots)
def test_a_newcomers_yes_never_speaks_for_a_no(method, votes):
    assert believed(method, [*votes, ("yes", NEWCOMER)]) >= believed(method, votes)
    assert believed(method, [*votes, ("no", NEWCOMER)]) <= believed(method, votes)


@given(ballots)
def test_unsure_moves_a_majority_not_at_all(votes):
    assert believed("majority", [*votes, ("unsure", NEWCOMER)]) == believed("majority", votes)


@given(st.lists(st.tuples(answers, st.sampled_from(["yes", "no", ""])), max_size=12), methods)
def test_each_answer_weighs_what_its_volunteer_was_worth_before_it(given_answers, method):
    weights, record = evidence_in_order(method, NEWCOMER, given_answers)
    first, between = evidence_in_order(method, NEWCOMER, given_answers[:5])
    rest, after = evidence_in_order(method, between, given_answers[5:])
    assert (weights, record) == (first + rest, after)
    assert sum(record) == sum(bool(truth) for _, truth in given_answers)


@given(counts)
def test_one_coin_takes_no_evidence_from_unsure(voter):
    assert skill_of("swap-one-coin", voter).evidence("unsure") == pytest.approx(0)


def test_a_volunteer_who_is_always_wrong_speaks_for_the_opposite():
    liar = (0, 30, 0, 30, 0, 0)
    assert believed("swap-two-coin", [("yes", liar)]) < 0.1


@given(methods, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(1, 5), st.integers(0, 5))
def test_nothing_retires_early_and_everything_at_the_most_votes(method, yes, no, unsure, least, more):
    workflow = Workflow(method=method, min_votes=least, max_votes=least + more)
    row = Consensus(workflow=workflow, votes_yes=yes, votes_no=no, votes_unsure=unsure, posterior=0.999)
    reason = reason_to_retire(row)
    if row.votes < least:
        assert reason == ""
    if yes + no < least:
        assert reason != "consensus"
    if row.votes >= workflow.max_votes:
        assert reason
    if reason == "consensus" and method == "majority":
        assert yes != no


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 30), st.integers(0, 9))
def test_wanted_votes_never_exceed_the_most(least, more, votes, leases):
    workflow = Workflow(min_votes=least, max_votes=least + more)
    assume(votes < workflow.max_votes)
    assert votes < redundancy(workflow, votes) <= workflow.max_votes
    assert open_slots(workflow, votes, leases) + leases + votes <= workflow.max_votes


RULES = [
    ({"agreement": 0.75, "agreement_votes": 4}, (3, 1, 0), "consensus"),
    ({"agreement": 0.75, "agreement_votes": 4}, (2, 1, 5), ""),
    ({"agreement": 0.75, "agreement_votes": 4}, (3, 2, 0), ""),
    ({"empty_after_no_votes": 2}, (0, 2, 0), "nothing_here"),
    ({"empty_after_no_votes": 2}, (0, 2, 1), ""),
    ({"undecided_share": 0.5, "undecided_votes": 4}, (1, 1, 2), "other"),
    ({"undecided_share": 0.5, "undecided_votes": 4}, (1, 0, 2), ""),
    ({"flags": 2}, (1, 1, 1), "flagged"),
    ({"flags": 3}, (1, 1, 1), ""),
    ({"empty_after_no_votes": 2, "flags": 2}, (0, 2, 0), "flagged"),
]


@pytest.mark.parametrize(("rules", "votes", "reason"), RULES)
def test_any_rule_that_is_on_retires(rules, votes, reason):
    workflow = Workflow(min_votes=9, max_votes=12, **rules)
    yes, no, unsure = votes
    counted = {"votes_yes": yes, "votes_no": no, "votes_unsure": unsure, "follow_ups": {"flag": 2}}
    row = Consensus(workflow=workflow, posterior=0.5, **counted)
    assert reason_to_retire(row) == reason
    by_answer = {answer: np.array([each, 0]) for answer, each in zip(Answer, votes, strict=True)}
    many = Sums(by_answer, posterior=np.array([0.5, 0.5]), flags=np.array([2, 0]))
    assert list(reasons_to_retire(workflow, many)) == [reason, ""]


def test_rules_are_said_in_words():
    workflow = Workflow(
        min_votes=3,
        max_votes=10,
        agreement=0.9,
        empty_after_no_votes=4,
        undecided_share=0.5,
        flags=2,
        accept_threshold=0.99,
    )
    assert rules_in_words(workflow) == [
        "Retired as flagged when 2 volunteers report a broken picture.",
        "Retired as “nothing here” when the first 4 votes are all no.",
        "Retired by consensus after 3 yes/no votes once the posterior is at least 0.99 or at most 0.01.",
        "Retired by consensus when 90% of at least 5 yes/no votes agree.",
        "Sent to experts when 50% of at least 5 votes are undecided.",
        "Retired after 10 votes, with or without consensus.",
    ]


def test_a_subject_is_first_offered_to_as_few_as_may_settle_it():
    assert redundancy(Workflow(min_votes=5, max_votes=9, empty_after_no_votes=2), 0) == 2
    assert redundancy(Workflow(min_votes=5, max_votes=9, empty_after_no_votes=2), 2) == 3
