"""The gate: what passes, what fails, and the numbers in each decision."""

import pytest

from webapp.learning.promotion import FEWEST_LABELS, MARGIN, Result, gate_decision, signed

FIRST = Result(labels=100, auc=0.9, auc_low=0.8)
BETTER = Result(
    labels=200, auc=0.93, auc_low=0.9, same_recipe=True, new_labels=100,
    difference=0.03, difference_low=0.01, difference_high=0.05,
)  # fmt: skip


def changed(result, **fields):
    return Result(**{**vars(result), **fields})


def test_a_first_champion_needs_labels_and_more_than_chance():
    assert gate_decision(FIRST, has_champion=False).passed
    few = gate_decision(changed(FIRST, labels=FEWEST_LABELS - 1), has_champion=False)
    assert not few.passed
    assert "19 labels" in few.sentence
    chance = gate_decision(changed(FIRST, auc_low=0.5), has_champion=False)
    assert not chance.passed
    assert "chance" in chance.sentence


@pytest.mark.parametrize(
    ("fields", "passed", "says"),
    [
        ({}, True, "Beats the champion"),
        ({"difference_low": -MARGIN}, True, "Probably better, and not worse by more than 0.02"),
        ({"difference_low": -MARGIN - 0.001}, False, "could be more than"),
        ({"difference": 0.0}, False, "No better"),
        ({"difference": -0.01}, False, "No better"),
        ({"new_labels": FEWEST_LABELS - 1}, False, "New or corrected labels since the champion: 19 of 20 needed."),
        ({"new_labels": 0, "same_recipe": False}, True, "Beats the champion"),
        ({"difference": None}, False, "Not compared"),
        ({"auc": None}, False, "Not evaluated"),
    ],
)
def test_a_later_one_must_beat_the_champion(fields, passed, says):
    decision = gate_decision(changed(BETTER, **fields), has_champion=True)
    assert decision.passed is passed
    assert says in decision.sentence
    assert len(decision.sentence) <= 300


def test_the_decision_says_the_interval():
    assert "AUC 0.930, +0.030 (+0.010 to +0.050)" in gate_decision(BETTER, has_champion=True).sentence


@pytest.mark.parametrize(
    ("difference", "said"),
    [(-0.0004, "0.000"), (0.0004, "0.000"), (0.0, "0.000"), (-0.0006, "-0.001"), (0.0006, "+0.001")],
)
def test_what_rounds_to_nothing_has_no_sign(difference, said):
    assert signed(difference) == said


def test_the_decision_shows_no_sign_of_a_difference_that_rounds_to_zero():
    tied = changed(BETTER, difference=-0.0002, difference_low=-0.012, difference_high=0.0001)
    assert "AUC 0.930, 0.000 (-0.012 to 0.000)" in gate_decision(tied, has_champion=True).sentence
