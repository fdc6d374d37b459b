from collections import Counter

import numpy as np
import pytest

from ml.simulate.atlas.difference import CLASSES, REAL
from ml.simulate.volunteers import SimulatedVolunteer, crowd, difficulty


def person(skill=0.9, unsure=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return SimulatedVolunteer("simulated", "ordinary", skill, unsure, 0.0, 4.0, rng)


def share_right(volunteer, truth, snr, times=1500):
    answers = Counter(volunteer.answer(truth, REAL, snr)[0] for _ in range(times))
    right = "yes" if truth in REAL else "no"
    return answers[right] / (answers["yes"] + answers["no"]), answers["unsure"] / times


def test_a_crowd_has_the_shares_it_promises():
    assert Counter(volunteer.sort for volunteer in crowd(40, 1)) == {
        "expert": 6, "ordinary": 22, "hasty": 8, "guessing": 4,
    }  # fmt: skip
    assert len(crowd(7, 1)) == 7
    assert len({volunteer.name for volunteer in crowd(40, 1)}) == 40
    assert all(volunteer.name.startswith("simulated-") for volunteer in crowd(5, 1))


def test_the_same_seed_gives_the_same_answers():
    first, second = (
        [volunteer.answer("CR", REAL, 12, CLASSES) for volunteer in crowd(10, 3) for _ in range(5)] for _ in range(2)
    )
    assert first == second
    assert first != [volunteer.answer("CR", REAL, 12, CLASSES) for volunteer in crowd(10, 4) for _ in range(5)]


def test_faint_things_are_harder_and_more_often_unsure():
    bright, bright_unsure = share_right(person(), "AST", 60)
    faint, faint_unsure = share_right(person(), "AST", 3)
    assert bright > faint + 0.05
    assert faint_unsure > bright_unsure + 0.1


def test_skill_makes_the_difference():
    assert share_right(person(0.97), "SPIKE", 40)[0] > 0.95
    assert share_right(person(0.0), "SPIKE", 40)[0] == pytest.approx(0.5, abs=0.06)
    assert share_right(person(0.6), "CR", 10)[0] < share_right(person(0.9), "CR", 10)[0]


def test_a_follow_up_stays_on_the_side_of_the_answer():
    volunteer = person(0.7)
    for truth in CLASSES:
        for _ in range(40):
            answer, follow_up = volunteer.answer(truth, REAL, 10, CLASSES)
            if answer == "unsure":
                assert follow_up is None
            else:
                assert (follow_up in REAL) == (answer == "yes")


def test_no_choices_no_follow_up():
    assert {person().answer("AST", REAL, 20)[1] for _ in range(20)} == {None}


def test_classes_nobody_described_are_answered_all_the_same():
    answer, follow_up = person(unsure=0.0).answer("GLINT", ("AST",), None, ("AST", "GLINT"))
    assert answer in ("yes", "no")
    assert follow_up in ("AST", "GLINT")


def test_difficulty_falls_with_signal():
    assert difficulty(0) == 1
    assert difficulty(-3) == 1
    assert difficulty(1e9) == pytest.approx(0)
    assert difficulty(None) == difficulty(float("nan")) == pytest.approx(0.35)


def test_noise_gets_easier_as_it_fades():
    assert difficulty(2, "NOISE") < difficulty(5, "NOISE") == pytest.approx(5 / 12)
    assert difficulty(50, "NOISE") == 0.5


def test_pauses_are_positive():
    assert all(person().pause() > 0 for _ in range(20))


def test_a_crowd_needs_somebody():
    with pytest.raises(ValueError, match="at least one volunteer, not 0"):
        crowd(0, 1)
