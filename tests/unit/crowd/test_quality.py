"""Spammers are flagged, honest people are not, and the filtered crowd is as accurate as one without spammers."""

import tracemalloc

import numpy as np
import pytest

from ml.crowd.answer import ANSWERS
from ml.crowd.majority import Majority
from ml.crowd.model_selection import careful_dawid_skene
from ml.crowd.quality.answers import Answers
from ml.crowd.quality.flag import CHANCE, CONSTANT, COPY, SPEED, Limits
from ml.crowd.quality.scan import FINDERS, find_flags
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes
from tests.unit.crowd.campaign import campaign
from tests.unit.crowd.spammers import KINDS, spammed_crowd

HONEST = 60


def said(rows, items=None):
    """Answers from rows (volunteer, item, answer, seconds, gold, when)."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Answers(*columns, columns[0].max() + 1, items or columns[1].max() + 1)


def accuracy(method, answers, keep, truth):
    chosen = keep[answers.volunteer]
    names = tuple(map(str, range(answers.n_items))), tuple(map(str, range(answers.n_volunteers)))
    votes = Votes(answers.item[chosen], answers.volunteer[chosen], answers.answer[chosen], *names, ("no", "yes"))
    gold = np.full(len(truth), -1)
    np.maximum.at(gold, answers.item, answers.gold)
    posteriors = method().fit(votes, gold if method is Swap else None).posteriors_
    return (posteriors.argmax(axis=1) == truth)[gold < 0].mean()


def sorts(volunteers):
    return np.array([each.sort.split("-")[0] for each in volunteers])


@pytest.mark.parametrize("method", [Majority, Swap, careful_dawid_skene])
@pytest.mark.parametrize(("share", "points"), [(0.05, 0.02), (0.2, 0.02), (0.4, 0.03)])
def test_with_the_filter_spammers_cost_next_to_nothing(share, points, method):
    volunteers = spammed_crowd(HONEST, share, seed=3)
    answers, truth = campaign(volunteers, seed=3)
    keep = np.full(len(volunteers), True)
    clean = accuracy(method, answers, np.arange(len(volunteers)) < HONEST, truth)
    keep[[flag.volunteer for flag in find_flags(answers)]] = False
    assert accuracy(method, answers, keep, truth) > clean - points


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_most_spammers_are_found_and_hardly_anybody_else(share):
    """The simulated crowd's own guessers may be flagged, and are not counted here."""
    found, there, wrongly, honest = 0, 0, 0, 0
    for seed in range(5):
        volunteers = spammed_crowd(HONEST, share, seed)
        flagged = {flag.volunteer for flag in find_flags(campaign(volunteers, seed=seed)[0])}
        for who, sort in enumerate(sorts(volunteers)):
            if sort in KINDS:
                found, there = found + (who in flagged), there + 1
            elif sort != "guessing":
                wrongly, honest = wrongly + (who in flagged), honest + 1
    assert found >= 0.8 * there
    assert wrongly <= 0.01 * honest


def test_a_thousand_honest_people_are_let_be():
    volunteers = [each for each in spammed_crowd(1100, 0, seed=1) if each.sort != "guessing"]
    flags = find_flags(campaign(volunteers, items=4000, each=100, gold=0.25, seed=1)[0])
    assert len(flags) <= 0.002 * len(volunteers)


def test_each_kind_is_found_by_its_own_sign():
    volunteers = spammed_crowd(HONEST, 0.3, seed=5)
    answers, _ = campaign(volunteers, seed=5)
    sort, kinds = sorts(volunteers), {}
    for flag in find_flags(answers):
        kinds.setdefault(sort[flag.volunteer], set()).add(flag.kind)
        assert flag.p < 0.01 / len(volunteers)
    assert SPEED in kinds["fast"]
    assert CONSTANT in kinds["constant"]
    assert CHANCE in kinds["random"]
    assert COPY in kinds["copy"]


def test_the_evidence_in_numbers():
    fast = said([(0, i, 1, 0.1, -1, i) for i in range(40)])
    (flag,) = FINDERS[0](fast, Limits())
    assert flag.numbers == {"n": 40, "median": 0.1, "limit": 0.5}


def test_clocks_that_were_set_back_and_few_answers_accuse_nobody():
    backwards = [(0, i, 1, -3.0, -1, i) for i in range(40)] + [(1, i, 1, np.nan, -1, i) for i in range(40)]
    few = [(2, i, 1, 0.1, -1, i) for i in range(10)]
    assert FINDERS[0](said(backwards + few), Limits()) == []


def test_nearly_only_no_where_nearly_everything_is_one_is_no_sign():
    rng = np.random.default_rng(0)
    rows = [(who, i, int(rng.random() < 0.03), 3.0, -1, i) for who in range(20) for i in range(100)]
    rows += [(20, i, 0, 3.0, -1, i) for i in range(100)]
    assert FINDERS[1](said(rows), Limits()) == []


def pair(same_mistakes, seed=0):
    """Thirty people; two of them see the same 300 subjects within a second, and are wrong one time in ten."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 300)
    slips = rng.random(300) < 0.1
    rows = []
    for who in range(30):
        mine = slips if same_mistakes and who < 2 else rng.random(300) < 0.1
        together = who < 2
        order = np.arange(300) if together else rng.permutation(300)
        begin = 0 if together else rng.uniform(0, 1e6)
        for place, item in enumerate(order):
            rows.append((who, item, int(truth[item] ^ mine[item]), 2.0, -1, begin + 3 * place + who / 30))
    return said(rows)


def test_two_who_see_the_same_at_the_same_time_are_no_copies_unless_they_err_together():
    assert FINDERS[3](pair(same_mistakes=False), Limits()) == []
    (flag,) = FINDERS[3](pair(same_mistakes=True), Limits())
    assert (flag.volunteer, flag.original, flag.numbers["same"]) == (1, 0, 300)


def test_one_voice_of_a_ring_stays():
    volunteers = spammed_crowd(HONEST, 0.25, seed=2, kinds=["copy"])
    flags = [flag for flag in find_flags(campaign(volunteers, seed=2)[0]) if flag.kind == COPY]
    flagged = {flag.volunteer for flag in flags}
    rings = {each.sort for each in volunteers if each.sort.startswith(COPY)}
    for ring in rings:
        members = {who for who, each in enumerate(volunteers) if each.sort == ring}
        assert 1 <= len(members - flagged) <= 2
    assert all(flag.original not in flagged or flag.original != flag.volunteer for flag in flags)


def test_who_begins_to_look_is_judged_by_newer_answers():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 600)
    rows = [(0, i, int(rng.integers(2)) if i < 300 else truth[i], 2.0, truth[i], i) for i in range(600)]
    rows += [(1, i, truth[i], 2.0, truth[i], i) for i in range(600)]
    answers = said(rows)
    assert {flag.kind for flag in find_flags(answers.newest(600).only(answers.item < 300))} == {CHANCE}
    assert find_flags(answers, newest=200) == []


def test_ten_thousand_volunteers_need_memory_for_their_answers_and_not_for_their_pairs():
    rng = np.random.default_rng(0)
    n, volunteers, items = 400_000, 10_000, 20_000
    columns = rng.integers(0, volunteers, n), rng.integers(0, items, n), rng.integers(0, len(ANSWERS), n)
    when = rng.uniform(0, 3_000, n)  # everybody at once: most pairs in lock-step there can be
    answers = Answers(*columns, np.full(n, 3.0), np.full(n, -1), when, volunteers, items)
    tracemalloc.start()
    assert find_flags(answers) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400 * 2**20


def test_nothing_said_is_nothing_found():
    nobody = Answers(*(np.zeros(0, int) for _ in range(3)), np.zeros(0), np.zeros(0, int), np.zeros(0), 0, 0)
    assert find_flags(nobody) == []
